package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// details are what few keys have at a time: something stands in their way, or somebody
// has changed them, or nobody claims them any more. The others go without.
type details struct {
	// lostAt is when the write whose answer was lost was sent, and lostWant what it was to
	// show.
	lostAt   time.Time
	lostWant providers.Status

	failure  *providers.Error
	attempts int
	retryAt  time.Time
	tried    attempt
	pending  *pending
	// heldBy is the refusal that the failure is the verdict of, zero for none, and changedAt
	// when something changed that the verdict does not answer.
	heldBy    refusalScope
	changedAt time.Time
	// waitFor is the member that the key waits for; setWaitFor changes it.
	waitFor    string
	releasedAt time.Time
	// recheckAt is when it is looked at once more, zero for never.
	recheckAt time.Time
	// lookAt is when a look may prove more than the last one did, zero for at once, guarded
	// says that the last one found what a missing member may claim, and alone that a list of
	// its commit does not tell.
	lookAt         time.Time
	guarded, alone bool
	check          check
	// relies is the former path of the repository by which a claim came here when it was not
	// certain that it leads here still, "" for none.
	relies string
	// underWay reports whether Lost is because of a write that was under way by a former path.
	underWay bool
	// movers are the claimants that have another place to be ended, nil for none.
	movers *movers
	// claimIndex is the index of many claims, nil while there are few or it is not needed.
	claimIndex *claimIndex
}

// attempt is what a failure was about. When any of it changes, the failure no
// longer stands in the way.
type attempt struct {
	owner string
	want  providers.Status
	epoch uint64
}

// readDetails returns a copy of an entry's details, to read them.
func (e *entry) readDetails() details {
	if e.more == nil {
		return details{}
	}
	return *e.more
}

// mutableDetails returns an entry's details to change them, and makes them where there are none.
func (e *entry) mutableDetails() *details {
	if e.more == nil {
		e.more = &details{}
	}
	return e.more
}

// failureOf returns the failure of an attempt, nil when it has not failed.
func (e *entry) failureOf(a attempt) *providers.Error {
	if e.more == nil || e.more.tried != a {
		return nil
	}
	return e.more.failure
}

// pendingOf returns what a status reports about an attempt that waits, nil for nothing.
func (e *entry) pendingOf(a attempt) *pending {
	if e.more == nil || e.more.pending == nil || e.more.pending.attempt != a {
		return nil
	}
	return e.more.pending
}

// lose records that the answer to a write, sent at a time, was lost.
func (e *entry) lose(at time.Time, want providers.Status) {
	d := e.mutableDetails()
	e.unanswered()
	d.lostAt, d.lostWant = at, want
	d.lookAt, d.guarded = time.Time{}, false
}

// succeeded forgets what stood in the way.
func (e *entry) succeeded() {
	if e.more == nil {
		return
	}
	d := e.more
	d.failure, d.attempts, d.retryAt, d.tried, d.pending = nil, 0, time.Time{}, attempt{}, nil
	d.lookAt, d.guarded, d.alone = time.Time{}, false, false
	d.heldBy, d.changedAt = refusalScope{}, time.Time{}
	if !e.Lost() {
		d.underWay = false
		d.lostAt, d.lostWant = time.Time{}, providers.Status{}
	}
	e.tidy()
}

// undrifted forgets that somebody else changed what is shown.
func (e *entry) undrifted() {
	if e.more != nil {
		e.more.check.drifted, e.more.check.restoring = nil, false
		e.tidy()
	}
}

// tidy drops details that tell nothing.
func (e *entry) tidy() {
	if e.more != nil && *e.more == (details{}) {
		e.more = nil
	}
}
