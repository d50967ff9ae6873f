package gitlab

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestEveryPhaseIsReachedFromEveryOtherOrSaidToBeOutOfReach(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	running, pending := v1alpha1.PhaseInProgress, v1alpha1.PhaseQueued
	for _, from := range phases {
		for _, to := range phases {
			for _, texts := range []string{"same", "other"} {
				t.Run(fmt.Sprintf("%s to %s, %s texts", from, to, texts), func(t *testing.T) {
					g := NewWithT(t)
					target := at(fmt.Sprintf("%s-%s-%s", from, to, texts))
					before := b.Step(c, target, nil, providers.Status{Phase: from, Description: "same", URL: ciURL})
					sent := len(b.gitlab.Writes())
					want := providers.Status{Phase: to, Description: texts, URL: ciURL}
					rows := 1
					switch {
					case from == to && texts == "same":
						g.Expect(b.Account.Next(&before, want)).To(Equal(providers.StepNone))
						return
					case !from.Terminal() && (from == to || from == running && to == pending):
						g.Expect(b.Account.Next(&before, want)).To(Equal(providers.StepUnsupported))
						g.Expect(b.Account.Obstacle(&before, want)).To(HavePrefix("cannot "))
						return
					case from.Terminal():
						g.Expect(b.Account.Next(&before, want)).To(Equal(providers.StepCreate))
						rows = 2
					default:
						g.Expect(b.Account.Next(&before, want)).To(Equal(providers.StepUpdate))
					}
					after := b.Step(c, target, &before, want)
					g.Expect(b.gitlab.Writes()).To(HaveLen(sent + 1))
					g.Expect(after.Status).To(Equal(want))
					g.Expect(b.Account.Next(&after, want)).To(Equal(providers.StepNone))
					row := b.newest(target.Name)
					g.Expect(row.ID).To(Equal(statusID(after)))
					g.Expect(row.State).To(BeEquivalentTo(states[to]))
					g.Expect(row.Description).To(Equal(texts))
					g.Expect(b.rows(target.Name)).To(HaveLen(rows))
					g.Expect(row.Pipeline).To(Equal(before.Handle.GitLab.PipelineID))
				})
			}
		}
	}
	b.noneRefused()
	b.Expect(b.gitlab.Pipelines(repository, sha)).To(HaveLen(1))
}

func TestWhatIsInTheWayIsNamed(t *testing.T) {
	running, pending := v1alpha1.PhaseInProgress, v1alpha1.PhaseQueued
	full := providers.Status{Phase: running, Description: "d", URL: ciURL}
	for name, tc := range map[string]struct {
		now, want providers.Status
		says      string
	}{
		"description": {
			full,
			providers.Status{Phase: running, Description: "e", URL: ciURL},
			"cannot change the description while the status is running; the next phase will show it",
		},
		"description, pending": {
			providers.Status{Phase: pending},
			providers.Status{Phase: pending, Description: "e"},
			"cannot change the description while the status is pending; the next phase will show it",
		},
		"URL": {
			full,
			providers.Status{Phase: running, Description: "d", URL: ciURL + "2"},
			"cannot change the URL while the status is running; the next phase will show it",
		},
		"both": {
			full,
			providers.Status{Phase: running, Description: "e", URL: ciURL + "2"},
			"cannot change the description and the URL while the status is running; the next phase will show them",
		},
		"no description": {
			full,
			providers.Status{Phase: running, URL: ciURL},
			"cannot remove the description while the status is running; the final phase will be without",
		},
		"neither": {
			full,
			providers.Status{Phase: running},
			"cannot remove the description and the URL while the status is running; the final phase will be without",
		},
		"back": {
			full,
			providers.Status{Phase: pending},
			"cannot take a running status back to pending; it can begin again once it is over",
		},
		"no phase": {full, providers.Status{Phase: "skipped"}, `knows no phase "skipped"`},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			shown := &providers.Shown{Status: tc.now}
			g.Expect(dialect{}.Next(shown, tc.want)).To(Equal(providers.StepUnsupported))
			g.Expect(dialect{}.Obstacle(shown, tc.want)).To(Equal(tc.says))
		})
	}
}

func TestATextThatIsToGoGoesWithTheFinalPhase(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued, Description: "d", URL: ciURL})
	bare := providers.Status{Phase: v1alpha1.PhaseInProgress}
	shown = b.Step(c, at("x"), &shown, bare)
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseInProgress, Description: "d", URL: ciURL}), "what GitLab shows is told")
	b.Expect(b.Account.Next(&shown, bare)).To(Equal(providers.StepUnsupported))
	bare.Phase = v1alpha1.PhaseSuccess
	shown = b.Step(c, at("x"), &shown, bare)
	b.Expect(shown.Phase).To(Equal(v1alpha1.PhaseSuccess))
	b.Expect(b.Account.Next(&shown, bare)).To(Equal(providers.StepCreate))
	shown = b.Step(c, at("x"), &shown, bare)
	b.Expect(shown.Status).To(Equal(bare))
	b.noneRefused()
}

func TestRead_IsAPhaseOrGitLabsOwnWord(t *testing.T) {
	for state, want := range map[string]v1alpha1.Phase{
		"created": v1alpha1.PhaseQueued, "waiting_for_resource": v1alpha1.PhaseQueued, "preparing": v1alpha1.PhaseQueued,
		"pending": v1alpha1.PhaseQueued, "scheduled": v1alpha1.PhaseQueued, "manual": v1alpha1.PhaseQueued,
		"running": v1alpha1.PhaseInProgress, "canceling": v1alpha1.PhaseInProgress,
		"success": v1alpha1.PhaseSuccess, "failed": v1alpha1.PhaseFailure,
		"canceled": v1alpha1.PhaseCanceled, "skipped": "skipped", "something new": "something new",
	} {
		NewWithT(t).Expect(read(state)).To(Equal(want), state)
	}
}
