package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Showed records what the SCM shows at a key, after a write or a look-up; nil
// for nothing.
func (l *Ledger) Showed(key Key, job Job, shown *providers.Shown, wrote bool) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryToday(key)
	if e == nil {
		return Changes{}
	}
	out := l.showed(e, job, shown, wrote)
	if e.key() != key {
		out.Keys = append(out.Keys, e.key())
	}
	return out
}

func (l *Ledger) showed(e *entry, job Job, shown *providers.Shown, wrote bool) Changes {
	if wrote || !sameStatus(e.Shown, shown) {
		e.updatedAt = l.clock.Now()
	}
	if !sameWriter(e.via, job.via) {
		// What others changed was another writer's status.
		e.undrifted()
	}
	e.observe(shown, job.via)
	if wrote {
		e.undrifted()
		e.checkAt = time.Time{}
		if e.more != nil {
			e.more.check.asker = ObjectID{}
		}
	}
	out := l.accepted(e, e.key(), job, classShowed(wrote))
	e.succeeded()
	if job.Account.Next(shown, job.Verdict.Want) == providers.StepNone {
		l.count(e, job, e.claims, wrote || job.Observation.Lost())
	}
	out.add(l.handOut(e, job.Verdict))
	return out
}

// Settled records that a key shows what it should without a call.
func (l *Ledger) Settled(key Key, job Job) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	if e.writer == "" {
		e.writer, e.via = job.Verdict.Owner.Provider, job.via
	}
	if !job.Observation.Drifted {
		e.undrifted()
	}
	e.succeeded()
	if t := e.claimIndex(); l.handedOut(e, job.Verdict) {
		l.count(e, job, slices.Collect(maps.Keys(t.uncounted)), false)
		var out Changes
		for _, o := range e.movers() {
			out.Objects = append(out.Objects, o.id())
		}
		return out
	}
	l.count(e, job, e.claims, false)
	return l.handOut(e, job.Verdict)
}

// Failed records why a key could not be brought forward, and returns when it is
// to be tried again.
func (l *Ledger) Failed(key Key, job Job, sentAt time.Time, err *providers.Error) (Changes, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryToday(key)
	if e == nil {
		return Changes{}, 0
	}
	if !err.Unknown {
		e.nothingSent()
	}
	out, delay := l.failed(e, job, sentAt, err)
	if e.key() != key {
		out.Keys = append(out.Keys, e.key())
	}
	return out, delay
}

func (l *Ledger) failed(e *entry, job Job, sentAt time.Time, err *providers.Error) (Changes, time.Duration) {
	before := e.failureOf(job.attempt)
	told, r, by, out := l.reportedError(e, job, err)
	d := e.mutableDetails()
	if before == nil || before.Reason != told.Reason {
		d.attempts = 0
	}
	d.attempts++
	d.failure, d.tried, d.pending = told, job.attempt, nil
	d.heldBy, d.changedAt = by, time.Time{}
	l.addSaved(job, Saved{Coalesced: e.desired.end(job, false)})
	if err.Unknown {
		e.lose(sentAt, job.Verdict.Want)
	}
	if err.Stale {
		e.outdated()
	}
	delay := retryAfter(told.Reason, d.attempts)
	if (err.Unknown || err.Stale) && d.attempts == 1 {
		// What is shown is not what it was taken for: a look tells.
		delay = min(delay, firstRetry)
	}
	if r != nil {
		delay = max(r.dueAt.Sub(l.clock.Now()), time.Millisecond)
	}
	d.retryAt = l.clock.Now().Add(delay)
	out.add(l.claimants(e))
	return out, delay
}
