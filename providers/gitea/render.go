package gitea

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Gitea's states. It takes any other word as well, so nothing else is ever sent.
const (
	statePending = "pending"
	stateSuccess = "success"
	stateError   = "error"
	stateFailure = "failure"
)

// maxDescription is the longest description in bytes: Gitea checks no length, and
// a TEXT of MySQL, which it may run on, holds no more.
const maxDescription = 65535

const ellipsis = "…"

// dialect is how Gitea shows a Status.
type dialect struct{}

// Render says what Gitea shows: queued for in_progress too, which it calls
// pending, and failure for canceled too. A description is cut off visibly at 65535
// bytes; Gitea leaves out white space around it.
func (dialect) Render(want providers.Status) providers.Status {
	return providers.Status{
		Phase:       rendered(want.Phase),
		Description: truncate(strings.TrimSpace(strings.ToValidUTF8(want.Description, "\uFFFD"))),
		URL:         strings.TrimSpace(want.URL),
	}
}

// Next is a new status for whatever is not shown already: Gitea changes none, and the newest
// of a name counts.
func (d dialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
	want = d.Render(want)
	switch {
	case !want.Phase.Known():
		return providers.StepUnsupported
	case shown == nil || shown.Handle.Gitea == nil || d.Render(shown.Status) != want:
		return providers.StepCreate
	}
	return providers.StepNone
}

// Obstacle is that the phase is none: Gitea can show every other change.
func (dialect) Obstacle(_ *providers.Shown, want providers.Status) string {
	return fmt.Sprintf("knows no phase %q", want.Phase)
}

// rendered is the phase that stands for all those that Gitea shows alike.
func rendered(p v1alpha1.Phase) v1alpha1.Phase {
	switch p = p.Canonical(); p {
	case v1alpha1.PhaseInProgress:
		return v1alpha1.PhaseQueued
	case v1alpha1.PhaseCanceled:
		return v1alpha1.PhaseFailure
	}
	return p
}

// stateOf is the state that shows a phase, "" for a phase that is none. canceled is
// a failure: it must never pass a gate, as skipped and warning do.
func stateOf(p v1alpha1.Phase) string {
	switch rendered(p) {
	case v1alpha1.PhaseQueued:
		return statePending
	case v1alpha1.PhaseSuccess:
		return stateSuccess
	case v1alpha1.PhaseFailure:
		return stateFailure
	}
	return ""
}

// phaseOf reads a state. The hub never writes warning and skipped, which let a gate pass:
// no phase means them, or whatever else somebody sent.
func phaseOf(state string) v1alpha1.Phase {
	switch state {
	case statePending:
		return v1alpha1.PhaseQueued
	case stateSuccess:
		return v1alpha1.PhaseSuccess
	case stateFailure, stateError:
		return v1alpha1.PhaseFailure
	}
	return providers.Word(state)
}

func truncate(description string) string {
	if len(description) <= maxDescription {
		return description
	}
	end := maxDescription - len(ellipsis)
	for !utf8.RuneStart(description[end]) {
		end--
	}
	return strings.TrimSpace(description[:end]) + ellipsis
}
