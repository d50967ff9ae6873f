package ledger

import "time"

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

// Started returns when this process began to write, zero before.
func (l *Ledger) Started() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.started
}
