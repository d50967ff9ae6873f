package gitea

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestPhasesThatGiteaShowsAlikeAreTheSame(t *testing.T) {
	for phase, state := range map[v1alpha1.Phase]string{
		"queued": "pending", "in_progress": "pending", "success": "success", "failure": "failure", "canceled": "failure", "cancelled": "failure",
		"skipped": "", "": "", "warning": "",
	} {
		NewWithT(t).Expect(stateOf(phase)).To(Equal(state), "%s", phase)
	}
	handle := v1alpha1.ProviderHandle{Gitea: &v1alpha1.GiteaHandle{StatusID: 1}}
	all := []v1alpha1.Phase{"queued", "in_progress", "success", "failure", "canceled"}
	for _, from := range all {
		for _, to := range all {
			shown := &providers.Shown{Status: providers.Status{Phase: from, Description: "d"}, Handle: handle}
			want := providers.StepCreate
			if stateOf(from) == stateOf(to) {
				want = providers.StepNone
			}
			NewWithT(t).Expect(dialect{}.Next(shown, providers.Status{Phase: to, Description: "d"})).To(Equal(want), "%s to %s", from, to)
			NewWithT(t).Expect(dialect{}.Next(shown, providers.Status{Phase: to, Description: "e"})).To(Equal(providers.StepCreate))
		}
	}
}

func TestAStateThatTheHubNeverWritesEqualsNothing(t *testing.T) {
	for _, state := range []string{"warning", "skipped", "", "SUCCESS", "neutral"} {
		shown := shownBy(status{ID: 7, State: state})
		g := NewWithT(t)
		g.Expect(shown.Phase).NotTo(Equal(v1alpha1.PhaseSuccess))
		for _, want := range []v1alpha1.Phase{"queued", "in_progress", "success", "failure", "canceled"} {
			g.Expect(dialect{}.Next(&shown, providers.Status{Phase: want})).To(Equal(providers.StepCreate), "%s and %s", state, want)
		}
	}
	shown := shownBy(status{ID: 7, State: "error"})
	NewWithT(t).Expect(shown.Phase).To(Equal(v1alpha1.PhaseFailure))
}

func TestWhatIsNoPhaseIsUnsupported(t *testing.T) {
	g := NewWithT(t)
	g.Expect(dialect{}.Next(nil, providers.Status{Phase: "skipped"})).To(Equal(providers.StepUnsupported))
	g.Expect(dialect{}.Obstacle(nil, providers.Status{Phase: "skipped"})).To(Equal(`knows no phase "skipped"`))
	g.Expect(dialect{}.Next(nil, providers.Status{Phase: "queued"})).To(Equal(providers.StepCreate))
}

func TestADescriptionIsCutVisibly(t *testing.T) {
	for name, tc := range map[string]struct{ in, out string }{
		"short":        {"d", "d"},
		"white space":  {" d\n", "d"},
		"broken UTF-8": {"a\xff", "a\uFFFD"},
		"the longest":  {strings.Repeat("a", 65535), strings.Repeat("a", 65535)},
		"longer":       {strings.Repeat("a", 65536), strings.Repeat("a", 65532) + "…"},
		"characters":   {strings.Repeat("ä", 40000), strings.Repeat("ä", 32766) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			got := dialect{}.Render(providers.Status{Description: tc.in}).Description
			g.Expect(got).To(Equal(tc.out))
			g.Expect(dialect{}.Render(providers.Status{Description: got}).Description).To(Equal(got), "it stays as it is")
		})
	}
}

func TestEveryNameHasAContextOfItsOwn(t *testing.T) {
	for name, context := range map[string]string{
		"build":      "build",
		`"build"`:    `"build"`,
		" build":     `" build"`,
		"build\t":    `"build\t"`,
		`" build"`:   `"\" build\""`,
		"\u00a0x":    `"\u00a0x"`,
		"'x'":        "'x'",
		"`x`":        "`x`",
		"` x`":       "` x`",
		`" x" and y`: `" x" and y`,
	} {
		g := NewWithT(t)
		g.Expect(contextOf(name)).To(Equal(context))
		g.Expect(nameOf(context)).To(Equal(name))
		g.Expect(strings.TrimSpace(context)).To(Equal(context))
	}
}
