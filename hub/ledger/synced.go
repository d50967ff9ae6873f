package ledger

import (
	"slices"
	"time"
)

// Loaded records that every ScmProvider is in the ledger. Before that no claim counts, so that
// a hub that starts reports no ScmProvider as missing.
func (l *Ledger) Loaded() Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.loaded {
		l.loaded = true
		for e := range l.entries {
			l.dropIndex(e) // no claim counted before
		}
	}
	l.recallPlaces()
	return l.everything()
}

// Predecessor is what is known of the hub that led before. The zero value says that there
// was none.
type Predecessor struct {
	// Led reports whether one may have led.
	Led bool
	// Clean reports whether it had an answer to all that it sent, and members knew all of that.
	Clean bool
	// Unsure reports whether it may not have had an answer to all that it sent.
	Unsure bool
	// Left is how long ago its last request may have been sent, which may be yet to come.
	Left time.Duration
}

// Begin says that this process writes from now on, and returns everything. It
// may be called again.
func (l *Ledger) Begin(after Predecessor) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.started.IsZero() {
		return l.everything()
	}
	l.started = l.clock.Now()
	l.succeeds, l.clean = after.Led, after.Clean
	if after.Unsure {
		l.predecessorLeft = l.started.Add(-after.Left)
	}
	l.absent = map[string]struct{}{}
	names, _ := l.fleet()
	for _, name := range names {
		if !l.synced(name) {
			l.absent[name] = struct{}{}
		}
	}
	l.recallPlaces()
	return l.everything()
}

// recallPlaces learns from all statuses where claims were last, once this process
// writes and knows the ScmProviders.
func (l *Ledger) recallPlaces() {
	if l.started.IsZero() || !l.loaded {
		return
	}
	for _, m := range l.members {
		for _, o := range m.objects {
			l.recallPlace(o)
		}
	}
}

// joined reports whether a member came after any hub before this one. Until all
// Secrets are read at the start that is not known of any.
func (l *Ledger) joined(cluster string) bool {
	_, absent := l.absent[cluster]
	return !absent && !l.started.IsZero() && l.clock.Since(l.started) > takeOverWindow
}

// saidEvery is how long ago a member that is not cut off may have said at most that it has sent
// all: an API server says so about once a minute.
const saidEvery = takeOverWindow + 10*time.Second

// cutOff reports whether a claim that is first seen long after a take-over may have been made
// before or soon after: its member has been cut off from the hub since, and is back just now.
func (l *Ledger) cutOff(o *object) bool {
	if l.behind == nil || !l.succeeds || l.started.IsZero() {
		return false
	}
	led := l.clock.Since(l.started)
	return led > takeOverWindow && l.behind(o.cluster, o.source.Namespace, max(led, saidEvery))
}

// Unsure reports whether a write of this process, or of the one before it, may still
// take effect in an SCM.
func (l *Ledger) Unsure() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.predecessorLeft.IsZero() && l.clock.Since(l.predecessorLeft) < settleTime {
		return true
	}
	for e := range l.entries {
		if e.Lost() && l.clock.Since(e.readDetails().lostAt) < settleTime {
			return true
		}
	}
	return false
}

func (l *Ledger) everything() Changes {
	var out Changes
	for e := range l.entries {
		out.Keys = append(out.Keys, e.key())
	}
	for cluster, m := range l.members {
		for name := range m.objects {
			out.Objects = append(out.Objects, ObjectID{Cluster: cluster, Namespace: name.Namespace, Name: name.Name})
		}
	}
	return out
}

// current is the member of an engagement that is the newest of its cluster, nil for any
// other: what that tells does not count.
func (l *Ledger) current(cluster string, engagement uint64) *member {
	if m := l.members[cluster]; m != nil && m.engagement == engagement {
		return m
	}
	return nil
}

// synced reports whether the claims of a cluster count.
func (l *Ledger) synced(cluster string) bool {
	m := l.members[cluster]
	return l.loaded && m != nil && m.synced
}

// unsynced reports whether a cluster that may claim a key is still waited for.
func (l *Ledger) unsynced(cluster string, key Key) bool {
	if l.synced(cluster) || !l.inGrace() || !l.mayClaim(cluster, key) {
		return false
	}
	names, complete := l.fleet()
	return !complete || slices.Contains(names, cluster)
}

// isUnsynced reports whether a member that has a Secret has not been synced.
func (l *Ledger) isUnsynced(name string) bool { return !l.synced(name) }

// anyUnsynced reports whether any member is still waited for, whatever it may claim.
func (l *Ledger) anyUnsynced() bool { return l.firstUnsynced(func(string) bool { return true }) != "" }

// awaited names the first member by name that may claim a key and is still waited for, ""
// for none. A member that is never synced holds up only what it may claim.
func (l *Ledger) awaited(key Key) string {
	return l.firstUnsynced(func(name string) bool { return l.mayClaim(name, key) })
}

// unknownMember stands for members that may still turn up. No Secret can have
// that name.
const unknownMember = "*"

// firstUnsynced names the first member by name that is still waited for, of those that
// concern the caller; "" for none.
func (l *Ledger) firstUnsynced(concerns func(name string) bool) string {
	if !l.inGrace() {
		return ""
	}
	names, complete := l.fleet()
	first := ""
	for _, name := range names {
		if (first == "" || name < first) && l.isUnsynced(name) && concerns(name) {
			first = name
		}
	}
	if first == "" && !complete {
		return unknownMember
	}
	return first
}

// inGrace reports whether the grace period still runs. On a standby it does, since the begin of
// its term is unknown.
func (l *Ledger) inGrace() bool { return l.started.IsZero() || l.clock.Since(l.started) < l.grace }

// joinedAt is when the Secret of a member was made, zero for the hub's own cluster.
func (l *Ledger) joinedAt(cluster string) (at time.Time) {
	if m := l.members[cluster]; m != nil {
		at = m.joinedAt
	}
	return at
}
