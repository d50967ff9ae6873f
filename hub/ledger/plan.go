package ledger

import (
	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Action is what a worker does next about a key.
type Action int

const (
	// ActNothing : the SCM shows what it should.
	ActNothing Action = iota
	// ActFind : look up what the SCM shows before anything is written.
	ActFind
	// ActCreate : make a new status.
	ActCreate
	// ActReplace : end the status that is shown, and make a new status.
	ActReplace
	// ActUpdate : change the status that is shown.
	ActUpdate
	// ActUnsupported : the SCM cannot show it now.
	ActUnsupported
)

// plan decides what to do so that a key shows want. A status that seems right
// costs no call, nor does a change by others that is to be left; anything uncertain
// is looked up before the first write.
func plan(dialect providers.Dialect, now Observation, want providers.Status) Action {
	if now.doubtful() {
		return ActFind
	}
	if now.Drifted {
		return ActNothing
	}
	step := dialect.Next(now.Shown, want)
	if step == providers.StepNone {
		return ActNothing
	}
	if !now.Certain() {
		return ActFind
	}
	switch step {
	case providers.StepCreate:
		return ActCreate
	case providers.StepReplace:
		return ActReplace
	case providers.StepUpdate:
		return ActUpdate
	default:
		return ActUnsupported
	}
}

// finalStatus returns what an old place is to show at last: the outcome that was declared for
// it and not written yet, or else that it is canceled. ok is false when nothing unfinished of
// ours is shown there.
func finalStatus(shown *providers.Shown, declared providers.Status) (want providers.Status, ok bool) {
	if shown == nil || shown.Foreign || shown.Over() {
		return providers.Status{}, false
	}
	if declared.Phase.Terminal() {
		return declared, true
	}
	return providers.Status{Phase: v1alpha1.PhaseCanceled, Description: shown.Description, URL: shown.URL}, true
}

// planEnd decides what to do about a place that was left.
func planEnd(dialect providers.Dialect, now Observation, declared providers.Status) (Action, providers.Status) {
	if now.Lost() {
		return ActFind, providers.Status{}
	}
	want, ok := finalStatus(now.Shown, declared)
	if !ok {
		return ActNothing, providers.Status{}
	}
	now.Drifted = false
	action := plan(dialect, now, want)
	if action == ActReplace {
		// That it ends there is what counts, not the text that stays.
		want = providers.Closing(now.Shown.Status, want)
		action = plan(dialect, now, want)
	}
	return action, want
}
