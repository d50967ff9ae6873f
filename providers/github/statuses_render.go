package github

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	statePending = "pending"
	stateSuccess = "success"
	stateFailure = "failure"
	stateError   = "error"

	// maxStatusDescription is in characters (GitHub's refusal: "description is too
	// long (maximum is 140 characters)").
	maxStatusDescription = 140
	// lastOfThreeBytes is the last character that a status takes (GitHub's refusal:
	// "description doesn't accept 4-byte Unicode").
	lastOfThreeBytes = '\uFFFF'
)

// states are how commit statuses show phases. There is one word for what has not
// ended. canceled is error, so that it passes no gate.
var states = map[v1alpha1.Phase]string{
	v1alpha1.PhaseQueued:     statePending,
	v1alpha1.PhaseInProgress: statePending,
	v1alpha1.PhaseSuccess:    stateSuccess,
	v1alpha1.PhaseFailure:    stateFailure,
	v1alpha1.PhaseCanceled:   stateError,
}

// readState is the phase that a state reads as.
func readState(state string) v1alpha1.Phase {
	switch state {
	case statePending:
		return v1alpha1.PhaseInProgress
	case stateSuccess:
		return v1alpha1.PhaseSuccess
	case stateError:
		return v1alpha1.PhaseCanceled
	case stateFailure:
		return v1alpha1.PhaseFailure
	}
	return providers.Word(state)
}

// statusDialect is how GitHub shows a Status as a commit status.
type statusDialect struct{}

var _ providers.Dialect = statusDialect{}

// Render says what GitHub shows: in_progress for queued too, and a description of
// at most 140 characters, which is cut off visibly. Characters that a status does
// not take, emoji among them, become U+FFFD.
func (statusDialect) Render(want providers.Status) providers.Status {
	phase := want.Phase.Canonical()
	if state, ok := states[phase]; ok {
		phase = readState(state)
	}
	return providers.Status{Phase: phase, Description: brief(want.Description), URL: want.URL}
}

// Next says what leads from shown to want: nothing, or one more status, since none
// can be changed. What a GitHub App has shown as a check run is no status.
func (d statusDialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
	want = d.Render(want)
	switch {
	case !want.Phase.Known():
		return providers.StepUnsupported
	case shown != nil && runID(*shown) == 0 && d.Render(shown.Status) == want:
		return providers.StepNone
	}
	return providers.StepCreate
}

// Obstacle is that the phase is none: GitHub can show every other change.
func (statusDialect) Obstacle(_ *providers.Shown, want providers.Status) string {
	return fmt.Sprintf("knows no phase %q", want.Phase)
}

func brief(description string) string {
	text := strings.TrimSpace(strings.Map(func(r rune) rune {
		if r > lastOfThreeBytes {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(description, "\uFFFD")))
	if utf8.RuneCountInString(text) <= maxStatusDescription {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:maxStatusDescription-1])) + ellipsis
}
