package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// firstRequest is a request that finds out whether a credential works.
type firstRequest struct {
	key   Key
	until time.Time
	held  map[Key]struct{}
}

// firstTime is how long other keys wait for the first request of a lane at most.
const firstTime = 2 * time.Second

// Permission is whether a worker may ask the SCM about a key.
type Permission struct {
	// Wait is how long nothing may be asked, zero where the key may go on.
	Wait time.Duration
	// Refused is the refusal that answers the key meanwhile, nil for none, and Final that it
	// stays.
	Refused *providers.Error
	Final   bool
	// Renew is the refusal after which the account is to learn anew what it relied on before
	// anything is asked, nil for none.
	Renew *providers.Error
}

// MayAsk decides whether a worker may ask the SCM about a key. While a refusal stands, one
// key at a time may, once it is due or something changed.
func (l *Ledger) MayAsk(key Key, job Job, class RequestClass) (Permission, Changes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, e := l.clock.Now(), l.entryOf(key)
	if e == nil {
		return Permission{}, Changes{}
	}
	lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
	var out Permission
	var probed []*refusedScope
	for _, scope := range scopesOf(job, key, lane, class) {
		r := l.refusals.scopes[scope]
		if r == nil {
			continue
		}
		changedAt := l.changedAt(e, job, now)
		if wait := r.waitAt(key, now, changedAt, l.refusals.changed[lane]); wait > 0 {
			r.held[key] = struct{}{}
			return Permission{Wait: wait, Refused: r.reported(), Final: r.final}, l.hold(e, job, scope, now.Add(wait), changedAt)
		}
		changed := changedAt.After(r.askedAt)
		if changed {
			l.refusals.changed[lane] = now
		}
		if r.renewsFirst(now, changed) {
			out.Renew, r.forChange = r.no, changed
		}
		probed = append(probed, r)
	}
	for _, r := range probed {
		r.probing, r.until = key, now.Add(probeTime)
	}
	if len(probed) > 0 {
		l.refusals.probes[key] = probed
	} else if out.Wait = l.waitReopened(key, job.via.name, lane, now); out.Wait == 0 {
		out.Wait = l.waitForFirst(key, job.via.name, lane, now)
	}
	return out, Changes{}
}

// waitAt is how long a key has to wait at a refusal, zero where it may probe.
func (r *refusedScope) waitAt(key Key, now, changedAt, othersAt time.Time) time.Duration {
	switch probed := now.Before(r.until); {
	case probed && r.probing == key:
		return 0
	case probed:
		return r.until.Sub(now)
	}
	return r.wait(now, changedAt, othersAt)
}

// waitReopened is how long a key waits after a change of its ScmProvider, since another change
// was refused a moment before.
func (l *Ledger) waitReopened(key Key, scm, lane string, now time.Time) (wait time.Duration) {
	for _, what := range reliedOn(scm, lane, key) {
		if asked, ok := l.refusals.reopened[reopening{scm, what}]; ok {
			wait = max(wait, asked.Add(askedOften).Sub(now))
		}
	}
	return wait
}

// waitForFirst returns how long a key waits for the first request of a ScmProvider in a lane.
// Until that has a response, it is unknown whether the credential works.
func (l *Ledger) waitForFirst(key Key, scm, lane string, now time.Time) time.Duration {
	_, account := l.refusals.worked["account "+scm]
	if _, ok := l.refusals.worked[lane]; ok && account {
		return 0
	}
	f, ok := l.refusals.first[lane]
	switch {
	case !ok:
		l.refusals.first[lane] = firstRequest{key: key, until: now.Add(firstTime), held: map[Key]struct{}{}}
		return 0
	case f.key == key || !now.Before(f.until):
		return 0
	}
	f.held[key] = struct{}{}
	return f.until.Sub(now)
}

// changedAt is when something about a key changed that no verdict has answered, zero for
// nothing.
func (l *Ledger) changedAt(e *entry, job Job, now time.Time) time.Time {
	switch {
	case job.abandonment != nil:
		return time.Time{}
	case job.Check && plan(job.Account, job.Observation, job.Verdict.Want) == ActNothing:
		if job.asker == (ObjectID{}) {
			return time.Time{}
		}
		return now
	case e.failureOf(job.attempt) == nil:
		return now
	}
	return e.readDetails().changedAt
}

// hold records that a verdict answers a key until a time.
func (l *Ledger) hold(e *entry, job Job, by refusalScope, until, changedAt time.Time) Changes {
	if job.abandonment != nil || plan(job.Account, job.Observation, job.Verdict.Want) == ActNothing {
		return Changes{}
	}
	verdict, before := l.refusals.scopes[by].reported(), e.failureOf(job.attempt)
	d := e.mutableDetails()
	d.failure, d.tried, d.pending = verdict, job.attempt, nil
	d.retryAt, d.heldBy, d.changedAt = until, by, changedAt
	if before != nil && before.Reason == verdict.Reason && before.Message == verdict.Message {
		return Changes{}
	}
	d.attempts = 0
	return l.claimants(e)
}

// answerFirst returns the keys that waited for the first request of a lane, if that was a
// key's. The lane may have had another name when the request was made: who a token is of is
// asked first.
func (l *Ledger) answerFirst(key Key) Changes {
	var out Changes
	for lane, f := range l.refusals.first {
		if f.key != key {
			continue
		}
		delete(l.refusals.first, lane)
		for key := range f.held {
			out.Keys = append(out.Keys, key)
		}
	}
	return out
}

// DoneAsking ends what a worker had begun about a key, whatever came of it: another key may probe.
func (l *Ledger) DoneAsking(key Key, job Job) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if job.Account == nil {
		return Changes{}
	}
	for _, r := range l.refusals.probes[key] {
		if r.probing == key {
			r.probing, r.until = Key{}, time.Time{}
		}
	}
	delete(l.refusals.probes, key)
	return l.answerFirst(key)
}
