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
