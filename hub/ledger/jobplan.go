package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Plan decides what to do so that the key shows what its job wants.
func (j Job) Plan() Action { return plan(j.Account, j.Observation, j.Verdict.Want) }

// Ends reports whether the job is to end what is shown at a key that was left. Verdict.Owner is
// then the last claim.
func (j Job) Ends() bool { return j.abandonment != nil }

// PlanEnd decides what to do at a key that was left, and what it is to show at last.
func (j Job) PlanEnd() (Action, providers.Status) {
	return planEnd(j.Account, j.Observation, j.Verdict.Owner.Want)
}

// Source returns the CommitStatus that was last on a key that was left, for events about it; nil
// where the job is about what is claimed.
func (j Job) Source() *v1alpha1.CommitStatus {
	if j.abandonment == nil {
		return nil
	}
	return j.abandonment.about()
}

// Same reports whether two jobs of a key are about the same claim, which wants the same, or the
// same end.
func (j Job) Same(other Job) bool {
	return j.attempt == other.attempt && j.abandonment == other.abandonment
}

// Target returns what a request for a key is about.
func (j Job) Target(key Key) providers.Target {
	return providers.Target{
		Repository: j.Verdict.Owner.Repository,
		SHA:        key.SHA,
		Name:       j.Verdict.Owner.Name,
		ExternalID: key.ExternalID(),
		FormerIDs:  j.formerIDs,
	}
}

// DesiredSince returns when what the job wants was first wanted, zero once the SCM has shown it.
func (j Job) DesiredSince() time.Time { return j.desired.since }
