package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// CallTimeout bounds all that a worker does for one key: a look-up and a write.
	CallTimeout = 60 * time.Second
	// factsSettle is how old a token or an installation that was learned anew has to be
	// before a refusal of it counts: an SCM's replicas lag behind.
	factsSettle = 10 * time.Second
	// lagging is how old a token may be for its first refusal to be taken for such a lag.
	lagging = 2 * time.Second
	// askedOften is how often changes may have a refused credential asked again.
	askedOften = 10 * time.Second
	// renewedOften is how often what a refused request relied on is learned anew.
	renewedOften = time.Minute
	// provenFor is how long that a credential worked says that a refusal of it may pass.
	provenFor = time.Hour
	// slowestCheck is the longest time between two re-checks of a refused credential.
	slowestCheck = time.Hour
	// probeTime is how long the outcome of a probe is waited for before another key may probe.
	probeTime = CallTimeout
)

var (
	// provenSchedule is how long after each refusal something is asked again that worked
	// within the last hour.
	provenSchedule = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute}
	// unprovenSchedule is that of anything else. The second time is longer than factsSettle,
	// so that the third refusal is final.
	unprovenSchedule = []time.Duration{2 * time.Second, 11 * time.Second}
)

// scmRefusal is what is known of one "no" of an SCM: to a credential, or to a repository.
// It is a value; refuse, renew and probe return what follows from it. One key probes and the
// verdict holds for all others, so that their number does not matter.
type scmRefusal struct {
	// no is what the SCM said last.
	no *providers.Error
	// workedAt is when it had worked last before, zero for never.
	workedAt time.Time
	// firstAt and askedAt are when the first refused request and the last one were sent, and
	// answeredAt is when the last refusal was taken in.
	firstAt, askedAt, answeredAt time.Time
	// tries counts refusals, without a first one after which a look-up is due, and checks the
	// slow re-checks that were planned.
	tries, checks int
	// renewedAt is when the account last learned anew what it relied on, and changeRenewedAt
	// when it last did because of a change; zero for never.
	renewedAt, changeRenewedAt time.Time
	// final reports whether the refusal is about facts learned after the first one.
	final bool
	// dueAt is when the next probe is due.
	dueAt time.Time
}

// refuse takes in a "no" to a request that was sent at sentAt. An answer to a request that
// was sent before the last one was known says nothing new.
func (r scmRefusal) refuse(sentAt, now time.Time, no *providers.Error) scmRefusal {
	first := r.no == nil
	if !first && !sentAt.After(r.answeredAt) {
		return r
	}
	if first {
		r.firstAt = sentAt
	}
	r.no, r.askedAt, r.answeredAt = no, sentAt, now
	if first && no.Stale {
		r.dueAt = now.Add(firstRetry) // a look tells
		return r
	}
	r.tries++
	r.final = r.final || r.fresh()
	delay, slow := r.delay()
	if slow {
		r.checks++
	}
	r.dueAt = now.Add(delay)
	return r
}

// learnedAt is when the account learned what the last refused request relied on, zero where it
// learns nothing.
func (r scmRefusal) learnedAt() time.Time {
	if r.renewedAt.After(r.no.Learned) {
		return r.renewedAt
	}
	return r.no.Learned
}

// fresh reports whether the last refusal is about facts that were learned after the first
// one, and not just now. Where nothing can be learned anew, the answer itself is the fact.
func (r scmRefusal) fresh() bool {
	learned := r.learnedAt()
	if learned.IsZero() {
		return r.askedAt.Sub(r.firstAt) >= factsSettle
	}
	since := !r.renewedAt.IsZero() || learned.After(r.firstAt)
	return since && r.askedAt.Sub(learned) >= factsSettle
}

// young reports whether what the last refused request relied on was learned only just.
func (r scmRefusal) young() bool {
	learned := r.learnedAt()
	return !learned.IsZero() && r.askedAt.Sub(learned) < factsSettle
}

// proven reports whether it had worked within the hour before the first refusal.
func (r scmRefusal) proven() bool { return r.firstAt.Sub(r.workedAt) <= provenFor }

// delay is how long after the last refusal the next probe is due. slow says that it is a
// re-check of what is final.
func (r scmRefusal) delay() (d time.Duration, slow bool) {
	schedule := unprovenSchedule
	if r.proven() {
		schedule = provenSchedule
	}
	switch {
	case r.tries <= len(schedule):
		return schedule[r.tries-1], false
	case !r.final:
		return time.Minute, false // it could not be learned anew
	case r.young():
		return unprovenSchedule[1], false
	}
	return doubling(firstCheck, slowestCheck, r.checks+1), true
}

// renews reports whether the account is to learn anew what the last refused request relied
// on, right after that: once, unless that was learned so lately that the SCM may lag behind.
// What worked since it was learned is behind no lag.
func (r scmRefusal) renews() bool {
	lags := r.askedAt.Sub(r.no.Learned) < lagging && r.workedAt.Before(r.no.Learned)
	return r.no.Relied != providers.FactNone && !r.final && r.renewedAt.IsZero() && !r.no.Learned.After(r.firstAt) && !lags
}

// renewsFirst reports whether the account is to learn that anew before a probe, which changed
// says is because of a change.
func (r scmRefusal) renewsFirst(now time.Time, changed bool) bool {
	last := r.renewedAt
	if changed {
		last = r.changeRenewedAt
	}
	return r.no.Relied != providers.FactNone && r.final && now.Sub(r.learnedAt()) >= factsSettle && now.Sub(last) >= renewedOften
}

// renew takes in that the account learned anew what it relies on, which changed says is
// because of a change.
func (r scmRefusal) renew(now time.Time, changed bool) scmRefusal {
	r.renewedAt = now
	if changed {
		r.changeRenewedAt = now
	}
	return r
}

// wait is how long until a key may probe, zero for at once. changedAt is when something
// changed that the verdict does not answer, zero for nothing; othersAt is when a change had
// a credential of the same installation asked last.
func (r scmRefusal) wait(now, changedAt, othersAt time.Time) time.Duration {
	due := r.dueAt
	if changedAt.After(r.askedAt) {
		last := r.askedAt
		if othersAt.After(last) {
			last = othersAt
		}
		if asked := last.Add(askedOften); asked.Before(due) {
			due = asked
		}
	}
	return max(due.Sub(now), 0)
}

// reported returns what statuses report: the refusal itself once it is final, and before that
// that it is tried again.
func (r scmRefusal) reported() *providers.Error {
	if r.final {
		return providers.Errorf(r.no.Reason, "%s", r.no.Message)
	}
	return providers.Errorf(v1alpha1.ReasonUnavailable, "%s; it is asked again", r.no.Message)
}
