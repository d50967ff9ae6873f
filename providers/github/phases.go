package github

import (
	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	statusQueued     = "queued"
	statusInProgress = "in_progress"
	statusCompleted  = "completed"

	conclusionSuccess   = "success"
	conclusionFailure   = "failure"
	conclusionCancelled = "cancelled"
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
// Others with the App's key, and GitHub itself, can set conclusions that the hub never
// writes: neutral and skipped, which let a gate pass, timed_out, action_required, stale,
// startup_failure and whatever comes later. No phase means any of them. A status of a run
// that has not begun (waiting, requested, pending, or one not known yet) reads as queued.
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
	case conclusionFailure:
		return v1alpha1.PhaseFailure
	case conclusionCancelled:
		return v1alpha1.PhaseCanceled
	}
	return providers.Word(conclusion)
}
