package ledger

import (
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Route tells the queue where a key waits: in the lane of the installation that
// its owner writes through. A key that nothing is asked about goes through at once.
func (l *Ledger) Route(key Key) ratelimit.Route {
	job, _, ok := l.Job(key)
	if !ok || job.Wait > 0 || job.Account == nil || job.Suspended {
		return ratelimit.Route{}
	}
	r := ratelimit.Route{Cluster: job.Verdict.Owner.Object.Cluster, Namespace: job.Verdict.Owner.Object.Namespace}
	switch {
	case job.Verify != nil:
		r.Priority = ratelimit.PriorityRecheck
		r.Lane, _ = job.Account.Lane(job.Verify.From)
		return r
	case job.abandonment != nil:
		if action, _ := planEnd(job.Account, job.Observation, job.Verdict.Owner.Want); action == ActNothing {
			return ratelimit.Route{}
		}
		r.Priority, r.Exclusion = ratelimit.PriorityTerminal, exclusionOf(key, job)
	case plan(job.Account, job.Observation, job.Verdict.Want) != ActNothing:
		r.Priority = priorityOf(job.Verdict.Want)
		r.Exclusion = exclusionOf(key, job)
	case job.Check:
		// One list covers all keys of a commit: the others then find theirs done.
		r.Priority, r.Exclusion = ratelimit.PriorityRecheck, "list "+commitOf(key).String()
		if job.asker != (ObjectID{}) {
			// Who asks takes a turn of its own for it, not the owner's.
			r.Cluster, r.Namespace = job.asker.Cluster, job.asker.Namespace
		}
	default:
		return ratelimit.Route{}
	}
	r.Lane, _ = job.Account.Lane(job.Verdict.Owner.Repository)
	return r
}

func exclusionOf(key Key, job Job) string {
	return job.Account.Exclusion(providers.Commit{Repository: job.Verdict.Owner.Repository, SHA: key.SHA})
}

// dirty reports whether a call is needed to make a key show what a verdict wants.
func (l *Ledger) dirty(e *entry, v Verdict) bool {
	s := l.scms[v.Owner.Provider]
	return s.account != nil && !s.suspended && v.WaitFor == "" && plan(v.through(s.account), e.observationBy(s, v), v.Want) != ActNothing
}

func priorityOf(want providers.Status) int {
	switch {
	case want.Phase.Terminal():
		return ratelimit.PriorityTerminal
	case want.Phase == "in_progress":
		return ratelimit.PriorityInProgress
	}
	return ratelimit.PriorityQueued
}
