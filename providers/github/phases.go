package github

import "github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"

const (
	statusQueued     = "queued"
	statusInProgress = "in_progress"
	statusCompleted  = "completed"

	conclusionSuccess   = "success"
	conclusionFailure   = "failure"
	conclusionCancelled = "cancelled"
	conclusionNeutral   = "neutral"
	conclusionSkipped   = "skipped"
)

// written is the status and the conclusion of a check run that shows a phase.
// The conclusion is empty unless the run is completed. canceled is cancelled:
// skipped and neutral would let a gate pass. ok is false for a phase that is none.
func written(p v1alpha1.Phase) (status, conclusion string, ok bool) {
	switch p.Canonical() {
	case v1alpha1.PhaseQueued:
		return statusQueued, "", true
	case v1alpha1.PhaseInProgress:
		return statusInProgress, "", true
	case v1alpha1.PhaseSuccess:
		return statusCompleted, conclusionSuccess, true
	case v1alpha1.PhaseFailure:
		return statusCompleted, conclusionFailure, true
	case v1alpha1.PhaseCanceled:
		return statusCompleted, conclusionCancelled, true
	}
	return "", "", false
}

// read is the phase of a check run that GitHub answered with.
//
// Others with the App's key, and GitHub itself, can set what the hub never
// writes. Nothing but success reads as success. neutral and skipped, which let a
// gate pass, read as canceled: as failure, a failure that somebody turned into
// neutral would look untouched. timed_out, action_required, startup_failure,
// stale and whatever comes later read as failure, and a status of a run that has
// not begun (waiting, requested, pending, or one not known yet) as queued.
func read(status, conclusion string) v1alpha1.Phase {
	if status != statusCompleted && conclusion == "" {
		if status == statusInProgress {
			return v1alpha1.PhaseInProgress
		}
		return v1alpha1.PhaseQueued
	}
	switch conclusion {
	case conclusionSuccess:
		return v1alpha1.PhaseSuccess
	case conclusionCancelled, conclusionNeutral, conclusionSkipped:
		return v1alpha1.PhaseCanceled
	}
	return v1alpha1.PhaseFailure
}
