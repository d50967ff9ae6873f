package gitlab

import (
	"fmt"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// step is what leads from a phase that is shown to one that is wanted, where the two
// statuses differ. A phase that is over leads to each by a new status; these are the
// others. It is GitLab's state machine: what is not in it, GitLab refuses.
var steps = map[v1alpha1.Phase]map[v1alpha1.Phase]providers.Step{
	v1alpha1.PhaseQueued: {
		v1alpha1.PhaseQueued:     providers.StepUnsupported,
		v1alpha1.PhaseInProgress: providers.StepUpdate,
		v1alpha1.PhaseSuccess:    providers.StepUpdate,
		v1alpha1.PhaseFailure:    providers.StepUpdate,
		v1alpha1.PhaseCanceled:   providers.StepUpdate,
	},
	v1alpha1.PhaseInProgress: {
		v1alpha1.PhaseQueued:     providers.StepUnsupported,
		v1alpha1.PhaseInProgress: providers.StepUnsupported,
		v1alpha1.PhaseSuccess:    providers.StepUpdate,
		v1alpha1.PhaseFailure:    providers.StepUpdate,
		v1alpha1.PhaseCanceled:   providers.StepUpdate,
	},
}

// Next says what leads from shown to want. What is over leads anywhere, by a new
// status. What is not over leads on, and takes new texts along; where it would stay,
// or go back, GitLab refuses it. A text that is to go stays while the status is
// changed in place, so the final phase takes a second step then, to a new status.
func (d dialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
	want = d.Render(want)
	if !want.Phase.Known() {
		return providers.StepUnsupported
	}
	if shown == nil || shown.Foreign {
		return providers.StepCreate
	}
	now := d.Render(shown.Status)
	if now == want {
		return providers.StepNone
	}
	if step, ok := steps[now.Phase][want.Phase]; ok {
		return step
	}
	return providers.StepCreate
}

// Obstacle says why GitLab would refuse what leads from shown to want.
func (d dialect) Obstacle(shown *providers.Shown, want providers.Status) string {
	want = d.Render(want)
	if !want.Phase.Known() || shown == nil {
		return fmt.Sprintf("knows no phase %q", want.Phase)
	}
	now := d.Render(shown.Status)
	if now.Phase != want.Phase {
		return fmt.Sprintf("cannot take a %s status back to %s; it can begin again once it is over", states[now.Phase], states[want.Phase])
	}
	var changed, gone []string
	for _, field := range []struct{ name, now, want string }{
		{"description", now.Description, want.Description}, {"URL", now.URL, want.URL},
	} {
		switch {
		case field.now == field.want:
		case field.want == "":
			gone = append(gone, field.name)
		default:
			changed = append(changed, field.name)
		}
	}
	state, final := states[now.Phase], "the next phase will show it"
	if len(changed) == 0 {
		return fmt.Sprintf("cannot remove the %s while the status is %s; the final phase will be without", strings.Join(gone, " and the "), state)
	}
	if len(changed)+len(gone) > 1 {
		final = "the next phase will show them"
	}
	return fmt.Sprintf("cannot change the %s while the status is %s; %s", strings.Join(append(changed, gone...), " and the "), state, final)
}
