package gitlab

import (
	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// canceling is a job of GitLab's own CI that still has to end.
const canceling gl.BuildStateValue = "canceling"

// states are what shows each phase. canceled is canceled: skipped would let a gate
// pass.
var states = map[v1alpha1.Phase]gl.BuildStateValue{
	v1alpha1.PhaseQueued:     gl.Pending,
	v1alpha1.PhaseInProgress: gl.Running,
	v1alpha1.PhaseSuccess:    gl.Success,
	v1alpha1.PhaseFailure:    gl.Failed,
	v1alpha1.PhaseCanceled:   gl.Canceled,
}

// read is the phase of a status that GitLab answered with.
//
// Others with the same token can set skipped, which lets a gate pass and which the hub never
// writes, and GitLab itself knows states that no request can name. What has not begun reads
// as queued. No phase means skipped, or what comes later than this code.
func read(state string) v1alpha1.Phase {
	switch gl.BuildStateValue(state) {
	case gl.Created, gl.WaitingForResource, gl.Preparing, gl.Pending, gl.Scheduled, gl.Manual:
		return v1alpha1.PhaseQueued
	case gl.Running, canceling:
		return v1alpha1.PhaseInProgress
	case gl.Success:
		return v1alpha1.PhaseSuccess
	case gl.Failed:
		return v1alpha1.PhaseFailure
	case gl.Canceled:
		return v1alpha1.PhaseCanceled
	}
	return providers.Word(state)
}
