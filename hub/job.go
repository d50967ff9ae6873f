package hub

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// unheardCheck is how often a key that waits for a member looks whether the
// member still has its Secret: one that was never reached sends no event.
const unheardCheck = 10 * time.Second

// Job is what one worker needs to know to bring one key forward.
type Job struct {
	Verdict     Verdict
	Observation Observation
	Account     providers.Account
	// Problem says why there is no Account.
	Problem *providers.Error
	// Wait is how long nothing may be asked of the SCM: a failure stands, or a
	// member has to be heard.
	Wait time.Duration
	// Settle is how long a write whose answer was lost may still take effect.
	Settle  time.Duration
	attempt attempt
	wish    wish
	// kind is the name of the SCM's kind.
	kind string
}

// Job returns what is to be done about a key now. A key that nobody claims has
// no job: ok is false, and wait is how long it has to be remembered, 0 when it
// is forgotten.
func (l *Ledger) Job(key Key) (job Job, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Job{}, 0, false
	}
	if len(e.claims) == 0 {
		if left := releaseDelay - l.clock.Since(e.releasedAt); left > 0 {
			return Job{}, left, false
		}
		delete(l.keys, key)
		if e.Shown != nil || e.Lost {
			l.gone.add(key)
		}
		return Job{}, 0, false
	}
	v, ok := l.judge(e)
	if !ok {
		return Job{}, 0, false
	}
	job = Job{Verdict: v, attempt: l.attemptOf(v), wish: e.wish}
	job.Observation = e.observationBy(job.Verdict.Owner.Provider)
	s := l.scms[job.Verdict.Owner.Provider]
	job.Account, job.Problem, job.kind = s.account, s.problem, s.kind.Name()
	job.Wait = l.waitOf(e, job)
	if e.Lost {
		job.Settle = max(settleTime-l.clock.Since(e.lostAt), 0)
	}
	return job, 0, true
}

// waitOf says how long a job has to wait before it may ask the SCM.
func (l *Ledger) waitOf(e *entry, job Job) time.Duration {
	e.waitFor = job.Verdict.WaitFor
	var wait time.Duration
	if e.waitFor != "" {
		wait = min(l.grace-l.clock.Since(l.started), unheardCheck)
	}
	if e.failureOf(job.attempt) != nil {
		wait = max(wait, e.retryAt.Sub(l.clock.Now()))
	}
	return max(wait, 0)
}

// Showed records what the SCM shows at a key, after a write or a look-up; nil
// for nothing.
func (l *Ledger) Showed(key Key, job Job, shown *providers.Shown, wrote bool) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Changes{}
	}
	if wrote || !sameStatus(e.Shown, shown) {
		e.updatedAt = l.clock.Now()
	}
	e.Observation = Observation{Shown: shown, Certain: true}
	e.writer = job.Verdict.Owner.Provider
	e.succeeded()
	if job.Account.Next(shown, job.Verdict.Want) == providers.StepNone {
		l.count(e, job, wrote || job.Observation.Lost)
	}
	return l.claimants(e)
}

// Settled records that a key shows what it should without a call.
func (l *Ledger) Settled(key Key, job Job) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Changes{}
	}
	if e.writer == "" {
		e.writer = job.Verdict.Owner.Provider
	}
	e.succeeded()
	l.count(e, job, false)
	return l.claimants(e)
}

// Failed records why a key could not be brought forward, and returns when it is
// to be tried again.
func (l *Ledger) Failed(key Key, job Job, sentAt time.Time, err *providers.Error) (Changes, time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.keys[key]
	if e == nil {
		return Changes{}, 0
	}
	if before := e.failureOf(job.attempt); before == nil || before.Reason != err.Reason {
		e.attempts = 0
	}
	e.attempts++
	e.failure, e.tried, e.pending = err, job.attempt, nil
	l.saved.Coalesced += e.wish.end(job, false)
	if err.Unknown {
		e.Lost, e.lostAt = true, sentAt
	}
	delay := retryAfter(err.Reason, e.attempts)
	e.retryAt = l.clock.Now().Add(delay)
	return l.claimants(e), delay
}

func (l *Ledger) claimants(e *entry) Changes {
	var out Changes
	for id := range e.claims {
		out.Objects = append(out.Objects, id)
	}
	return out
}

func sameStatus(a, b *providers.Shown) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Status == b.Status
}
