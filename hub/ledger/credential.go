package ledger

import (
	"cmp"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// outageTold is how long an SCM has to be unavailable before its ScmProvider says so.
const outageTold = 10 * time.Second

// outage is that an SCM has given no good answer to a ScmProvider since a time.
type outage struct {
	since time.Time
	// told is what the ScmProvider says of it, nil while it says nothing.
	told *providers.Error
}

// noteFailure takes in an error about a key that is no refusal of the credential. What the SCM
// says of a request's content ends an outage; that a commit is not there is said to a
// credential that works.
func (l *Ledger) noteFailure(key Key, job Job, err *providers.Error) (out Changes) {
	switch {
	case job.SentAt.IsZero(), err.Reason == v1alpha1.ReasonPending, err.Reason == v1alpha1.ReasonUnsupported:
		return Changes{} // the SCM did not say it
	case err.Reason == v1alpha1.ReasonUnavailable && !err.Stale:
		return l.noteOutage(job, err)
	case err.Reason == v1alpha1.ReasonCommitNotFound && job.via.account != nil:
		lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
		l.refusals.note(l.clock.Now(), reliedOn(job.via.name, lane, key)...)
		for _, scope := range scopesOf(job, key, lane, AskAccount) {
			out.add(l.lift(scope))
		}
	}
	out.add(l.endOutage(job.via.name))
	return out
}

// noteOutage takes in that an SCM was unavailable.
func (l *Ledger) noteOutage(job Job, err *providers.Error) Changes {
	o, now := l.refusals.outages[job.via.name], l.clock.Now()
	switch {
	case o.since.IsZero():
		o.since = now
	case o.told == nil && now.Sub(o.since) >= outageTold:
		o.told = err
	default:
		return Changes{}
	}
	l.refusals.outages[job.via.name] = o
	if o.told == nil {
		return Changes{}
	}
	return l.credentialTold(job.via.name)
}

// endOutage takes in that an SCM gave a good answer.
func (l *Ledger) endOutage(scm string) Changes {
	o, ok := l.refusals.outages[scm]
	if !ok {
		return Changes{}
	}
	delete(l.refusals.outages, scm)
	if o.told == nil {
		return Changes{}
	}
	return l.credentialTold(scm)
}

// credentialTold says that the SCM says something else of a ScmProvider's credential.
func (l *Ledger) credentialTold(scm string) Changes { return Changes{ScmProviders: []string{scm}} }

// Credential returns what the SCM said last of a ScmProvider's credential, nil where that
// works or was not tried. A refusal that is not final, or of one repository, says nothing.
func (l *Ledger) Credential(scm string) *providers.Error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first refusalScope
	for scope, r := range l.refusals.scopes {
		if scope.scm != scm || !r.final || scope.what == providers.RefusedRepository {
			continue
		}
		if first.what == providers.RefusedNothing || scope.before(first) {
			first = scope
		}
	}
	if r := l.refusals.scopes[first]; r != nil {
		return r.reported()
	}
	return l.refusals.outages[scm].told
}

// before reports whether s comes first in the order of one ScmProvider's scopes, so that its
// condition always names the same one.
func (s refusalScope) before(o refusalScope) bool {
	return cmp.Or(cmp.Compare(s.what, o.what), cmp.Compare(s.id, o.id), cmp.Compare(s.class, o.class)) < 0
}
