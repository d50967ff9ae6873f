package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// unsyncedCheck is how often a key that waits for a member looks whether the
// member still has its Secret: one that was never reached sends no event.
const unsyncedCheck = 10 * time.Second

// Job is what one worker needs to know to bring one key forward.
type Job struct {
	Verdict     Verdict
	Observation Observation
	Account     providers.Account
	// Problem says why there is no Account.
	Problem *providers.Error
	// Wait is how long nothing may be asked of the SCM: a failure stands, or a
	// member has to be synced.
	Wait time.Duration
	// Settle is how long a write whose answer was lost, here or by a predecessor, may
	// still take effect.
	Settle time.Duration
	// Verify is what has to be asked before anything else: whether a repository still has the
	// path that is relied on; nil for nothing.
	Verify *Relocation
	// Suspended reports whether nothing is to be sent: the ScmProvider says so.
	Suspended bool
	// Guarded is the member that has to be synced before what a look-up finds is changed, ""
	// for none: its claims may want a status that no present claim mentions.
	Guarded string
	// Check reports whether the SCM is to be looked at although nothing is to be written,
	// and NextCheck in how long it is, 0 for never.
	Check     bool
	NextCheck time.Duration
	// Class and SentAt are what the worker asked last, and when: it sets them.
	Class  RequestClass
	SentAt time.Time
	// Kind is the name of the SCM's kind, and Title that for people.
	Kind  string
	Title string
	// lost is what the write was to show whose answer was lost.
	lost providers.Status
	// asker is who asked for the look, the zero ObjectID for nobody.
	asker   ObjectID
	attempt attempt
	desired desiredState
	// via is the ScmProvider that is used.
	via *ScmProvider
	// formerIDs are the ExternalIDs of what was made by former paths of the repository, and
	// writes the count of writes to the key.
	formerIDs []string
	writes    uint64
	// abandonment is the place to be left that the job is about, nil for a job that is
	// about what is claimed. Owner is then the last claim.
	abandonment *abandonment
}

// Job returns what is to be done about a key, as of its last Advance. A key that nobody claims
// has no job: ok is false, and wait is how long it has to be remembered, 0 when it is forgotten.
func (l *Ledger) Job(key Key) (job Job, wait time.Duration, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Job{}, 0, false
	}
	return l.job(e)
}

func (l *Ledger) job(e *entry) (job Job, wait time.Duration, ok bool) {
	v, claimed := l.verdict(e)
	if job, wait, ok := l.abandonmentJob(e); ok || wait > 0 {
		return job, wait, ok
	}
	if e.idle() {
		return Job{}, l.retention(e), false
	}
	if !claimed {
		return Job{}, 0, false
	}
	s := l.scms[v.Owner.Provider]
	job = Job{
		Verdict: v, attempt: l.attemptOf(v), desired: e.desired, via: s,
		Account: v.through(s.account), Problem: s.Problem, Kind: s.kind.Name(), Title: s.kind.Title(),
		Observation: e.observationBy(s, v), Settle: l.settle(e), lost: e.readDetails().lostWant,
	}
	l.follow(&job, e)
	job.formerIDs, job.writes = l.formerIDs(e.key()), e.writes
	if job.Suspended = s.suspended; job.Suspended {
		return job, 0, true
	}
	if e.source == unmentioned {
		job.Guarded = l.awaited(e.key())
	}
	job.Wait = l.waitOf(e, job)
	if wait, ok := l.nextCheck(e, s); ok {
		job.Check, job.NextCheck, job.asker = wait == 0, wait, e.readDetails().check.asker
	}
	job.NextCheck = sooner(job.NextCheck, l.recheckAfter(e))
	l.verifies(&job, e)
	return job, 0, true
}

// retention is how long an entry that nobody claims has to be remembered yet, 0 for no longer.
func (l *Ledger) retention(e *entry) time.Duration {
	left := releaseDelay - l.clock.Since(e.readDetails().releasedAt)
	if e.Lost() {
		left = max(left, l.settle(e))
	}
	return max(left, 0)
}

// forget drops an entry that nobody claims.
func (l *Ledger) forget(e *entry) {
	l.drop(e)
	switch {
	case e.Certain() && !e.Lost():
		l.tombstones.add(e.key(), l.tombstones.fingerprint(e.Shown))
	case e.Lost(), e.touched:
		l.tombstones.add(e.key(), doubtful)
	default:
		l.tombstones.add(e.key(), untold)
	}
}

// settle is how long it proves nothing that the SCM does not show what may have
// been written to an entry: by this process, or by the one before it.
func (l *Ledger) settle(e *entry) time.Duration {
	var left time.Time
	switch {
	case e.Lost():
		left = e.readDetails().lostAt
	case !e.Certain() && !e.since.After(l.predecessorLeft):
		left = l.predecessorLeft
	}
	if left.IsZero() {
		return 0
	}
	return max(settleTime-l.clock.Since(left), 0)
}

// waitOf says how long a job has to wait before it may ask the SCM.
func (l *Ledger) waitOf(e *entry, job Job) time.Duration {
	var wait time.Duration
	if job.Verdict.WaitFor != "" {
		wait = min(l.grace-l.clock.Since(l.started), unsyncedCheck)
	}
	if e.failureOf(job.attempt) != nil {
		wait = max(wait, e.readDetails().retryAt.Sub(l.clock.Now()))
	}
	if job.Account == nil {
		return max(wait, 0)
	}
	action := plan(job.Account, job.Observation, job.Verdict.Want)
	if action != ActNothing {
		lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
		wait = max(wait, l.heldUp(e, job.Verdict, lane))
	}
	if action == ActFind {
		wait = max(wait, l.lookWait(e, job))
	}
	return max(wait, 0)
}
