package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// refusedScope is a refusal that stands, and who waits for its end.
type refusedScope struct {
	scmRefusal
	// probing is the key that asks now, and until when nobody else does.
	probing Key
	until   time.Time
	// renewing reports whether the account learns anew now what the refused request relied on.
	renewing bool
	// forChange reports whether it does because of a change.
	forChange bool
	// held are the keys that the verdict answers.
	held map[Key]struct{}
}

// scmRefusals are what the ledger knows of refusals, and of what worked.
type scmRefusals struct {
	scopes map[refusalScope]*refusedScope
	// worked is when each account, installation and repository worked last.
	worked map[string]time.Time
	// recorded is when statuses say that ScmProviders worked last, see noteRecorded, and
	// changedAccount when those changed that had an account before.
	recorded       map[recordedUse]time.Time
	changedAccount map[string]time.Time
	// changed is when a change last had an installation asked, by lane.
	changed map[string]time.Time
	// reopened is when the last refused request was sent through ScmProviders that change more
	// often than they may be asked.
	reopened map[reopening]time.Time
	// probes are the refusals that keys ask about now.
	probes map[Key][]*refusedScope
	// first is the first request of each lane that has not worked yet.
	first map[string]firstRequest
	// outages are those of the SCMs, by ScmProvider.
	outages map[string]outage
	// swept is how many were in worked when those that are long ago were dropped last.
	swept int
}

func newSCMRefusals() scmRefusals {
	return scmRefusals{
		scopes: map[refusalScope]*refusedScope{}, worked: map[string]time.Time{}, changed: map[string]time.Time{}, reopened: map[reopening]time.Time{},
		probes: map[Key][]*refusedScope{}, first: map[string]firstRequest{}, outages: map[string]outage{},
		recorded: map[recordedUse]time.Time{}, changedAccount: map[string]time.Time{},
	}
}

// refuse takes in a "no" of the SCM to a key's request of a class, and returns the refusal that
// stands, with what has to be looked at because of it.
func (l *Ledger) refuse(key Key, job Job, class RequestClass, sentAt time.Time, no *providers.Error) (*refusedScope, refusalScope, Changes) {
	now := l.clock.Now()
	delete(l.refusals.outages, job.via.name) // a refusal is an answer, too
	lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
	scope := scopeOf(job, key, lane, class, no)
	if all := scope.ofEveryRequest(); l.refusals.scopes[all] != nil {
		scope = all
	}
	r := l.refusals.scopes[scope]
	if r == nil {
		r = &refusedScope{scmRefusal: scmRefusal{workedAt: l.workedAt(scope, now)}, held: map[Key]struct{}{}}
		l.refusals.scopes[scope] = r
	}
	before, tries := r.verdictOrNil(), r.tries
	r.scmRefusal = r.refuse(sentAt, now, no)
	r.probing, r.until = Key{}, time.Time{}
	var out Changes
	after := r.reported()
	if before == nil || before.Reason != after.Reason || before.Message != after.Message {
		out = l.tellHeld(r, scope)
	}
	if r.tries != tries {
		r.prune(l)
	}
	if r.final || tries == 0 {
		out.add(l.credentialTold(scope.scm))
	}
	out.add(l.answerFirst(key))
	return r, scope, out
}

func (r *refusedScope) verdictOrNil() *providers.Error {
	if r.no == nil {
		return nil
	}
	return r.reported()
}

// tellHeld returns the keys that a verdict holds, which wait no longer to have it.
func (l *Ledger) tellHeld(r *refusedScope, scope refusalScope) Changes {
	var out Changes
	for key := range r.held {
		if e := l.entryOf(key); e != nil && e.more != nil && e.more.heldBy == scope {
			e.more.retryAt = time.Time{}
		}
		out.Keys = append(out.Keys, key)
	}
	return out
}

// prune forgets the held keys that are no more.
func (r *refusedScope) prune(l *Ledger) {
	for key := range r.held {
		if l.entryOf(key) == nil {
			delete(r.held, key)
		}
	}
}

// accepted takes in that the SCM did as asked about a key, in a request of a class, and
// returns the keys that waited for that.
func (l *Ledger) accepted(e *entry, key Key, job Job, class RequestClass) Changes {
	if job.via == nil || job.via.account == nil {
		return Changes{}
	}
	now := l.clock.Now()
	lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
	if class != AskAccount {
		relied := reliedOn(job.via.name, lane, key)
		l.refusals.note(now, relied...)
		for _, what := range relied {
			delete(l.refusals.reopened, reopening{job.via.name, what})
		}
	}
	out := l.answerFirst(key)
	out.add(l.endOutage(job.via.name))
	if len(l.refusals.scopes) == 0 {
		return out
	}
	scopes := scopesOf(job, key, lane, class)
	if by := e.readDetails().heldBy; by.epoch == job.via.epoch && by.what != providers.RefusedNothing {
		// Where it was held by another installation of the same owner, that one is no more.
		if by.class == AskAccount || by.class == class {
			scopes = append(scopes, by)
		}
	}
	for _, scope := range scopes {
		out.add(l.lift(scope))
	}
	return out
}

// Opened records that an account said which installation a key's owner has.
func (l *Ledger) Opened(key Key, job Job) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}
	}
	return l.accepted(e, key, job, AskAccount)
}

// lift ends a refusal, and returns the keys that it held.
func (l *Ledger) lift(scope refusalScope) Changes {
	r := l.refusals.scopes[scope]
	if r == nil {
		return Changes{}
	}
	delete(l.refusals.scopes, scope)
	for key := range r.held {
		if e := l.entryOf(key); e != nil && e.more != nil && e.more.heldBy == scope {
			e.more.retryAt, e.more.heldBy, e.more.changedAt = time.Time{}, refusalScope{}, time.Time{}
			e.tidy()
		}
	}
	out := l.tellHeld(r, scope)
	out.add(l.credentialTold(scope.scm))
	return out
}

// note records what worked, and forgets what worked long ago each time there are twice as
// many.
func (r *scmRefusals) note(now time.Time, what ...string) {
	for _, each := range what {
		r.worked[each] = now
	}
	if len(r.worked) < 2*r.swept+1000 {
		return
	}
	for each, at := range r.worked {
		if now.Sub(at) > provenFor {
			delete(r.worked, each)
		}
	}
	r.swept = len(r.worked)
}

// forgetRefusals forgets what was refused to a ScmProvider, and that its credential worked: it
// has another one now, or is gone. One that was refused for the first time a moment before is
// a change of a change: those are asked once in askedOften.
func (l *Ledger) forgetRefusals(scm string) {
	now := l.clock.Now()
	for of, asked := range l.refusals.reopened {
		if now.Sub(asked) >= askedOften {
			delete(l.refusals.reopened, of)
		}
	}
	for scope, r := range l.refusals.scopes {
		if scope.scm != scm {
			continue
		}
		delete(l.refusals.scopes, scope)
		of := reopening{scm, scope.provenBy()}
		if now.Sub(r.firstAt) < askedOften && r.askedAt.After(l.refusals.reopened[of]) {
			l.refusals.reopened[of] = r.askedAt
		}
	}
	delete(l.refusals.outages, scm)
	delete(l.refusals.worked, "account "+scm)
	if l.scms[scm] != nil {
		l.refusals.changedAccount[scm] = now
	}
}

// TakeRenewal returns the refusal of a key's request after which the account is to learn anew
// what that relied on, nil for none, to one caller: Renewed is to follow.
func (l *Ledger) TakeRenewal(key Key) *providers.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return nil
	}
	r := l.refusals.scopes[e.readDetails().heldBy]
	if r == nil || r.renewing || !r.renews() {
		return nil
	}
	r.renewing = true
	return r.no
}

// Renewed records that an account learned anew what a refused request about a key relied on,
// or failed to, and returns in how long the key may go on.
func (l *Ledger) Renewed(key Key, job Job, err error) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, now := l.entryOf(key), l.clock.Now()
	if e == nil {
		return time.Millisecond
	}
	r := l.refusals.scopes[e.readDetails().heldBy]
	if r == nil {
		return time.Millisecond
	}
	defer func() { r.renewing, r.forChange = false, false }()
	if err == nil || providers.AsError(err).Refused > providers.RefusedAccount {
		r.scmRefusal = r.renew(now, r.forChange)
	}
	lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
	if by := e.more.heldBy; by.what == providers.RefusedInstallation && by.id != lane && err == nil {
		// It is another installation now, of which nothing is known.
		r.dueAt = now
	}
	e.more.retryAt = r.dueAt
	return max(r.dueAt.Sub(now), time.Millisecond)
}

// reportedError returns what statuses report of an error: for a refusal what the refusal that
// stands reports, with that refusal, and for any other the error itself.
func (l *Ledger) reportedError(e *entry, job Job, err *providers.Error) (*providers.Error, *refusedScope, refusalScope, Changes) {
	switch {
	case job.via == nil:
		return err, nil, refusalScope{}, Changes{}
	case err.Refused == providers.RefusedNothing:
		return err, nil, refusalScope{}, l.noteFailure(e.key(), job, err)
	}
	r, by, out := l.refuse(e.key(), job, job.Class, job.SentAt, err)
	r.held[e.key()] = struct{}{}
	return r.reported(), r, by, out
}

// Refused takes in how a request failed that was not about what a key's claims want. wait is
// in how long it is to be made again, 0 for never.
func (l *Ledger) Refused(key Key, job Job, err *providers.Error) (_ Changes, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.entryOf(key)
	if e == nil {
		return Changes{}, 0
	}
	_, r, by, out := l.reportedError(e, job, err)
	if r == nil || r.final {
		return out, 0
	}
	e.mutableDetails().heldBy = by
	return out, max(r.dueAt.Sub(l.clock.Now()), time.Millisecond)
}
