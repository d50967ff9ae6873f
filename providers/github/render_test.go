package github

import (
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var phases = []v1alpha1.Phase{
	v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled,
}

func TestEveryPhaseReadsBackAsItself(t *testing.T) {
	g := NewWithT(t)
	seen := map[string]bool{}
	for _, phase := range phases {
		status, conclusion, ok := written(phase)
		g.Expect(ok).To(BeTrue())
		g.Expect(read(status, conclusion)).To(Equal(phase))
		g.Expect(seen).NotTo(HaveKey(status + conclusion))
		seen[status+conclusion] = true
		g.Expect(strings.HasPrefix(status, "completed")).To(Equal(phase.Terminal()), "what is over is completed")
		if phase.Terminal() {
			g.Expect(conclusion).NotTo(BeEmpty())
		} else {
			g.Expect(conclusion).To(BeEmpty(), "a conclusion implies completed")
		}
	}
	_, conclusion, _ := written("cancelled")
	g.Expect(conclusion).To(Equal("cancelled"))
	_, _, ok := written("skipped")
	g.Expect(ok).To(BeFalse())
}

func TestRead_IsAPhaseOrGitHubsOwnWord(t *testing.T) {
	for _, tc := range []struct {
		status, conclusion string
		want               v1alpha1.Phase
	}{
		{"completed", "neutral", "neutral"},
		{"completed", "skipped", "skipped"},
		{"completed", "timed_out", "timed_out"},
		{"completed", "action_required", "action_required"},
		{"completed", "stale", "stale"},
		{"completed", "startup_failure", "startup_failure"},
		{"completed", "SUCCESS?", "SUCCESS?"},
		{"completed", "failure", v1alpha1.PhaseFailure},
		{"completed", "canceled", `"canceled"`},
		{"completed", "", `""`},
		{"waiting", "", v1alpha1.PhaseQueued},
		{"requested", "", v1alpha1.PhaseQueued},
		{"pending", "", v1alpha1.PhaseQueued},
		{"something", "", v1alpha1.PhaseQueued},
	} {
		t.Run(tc.status+" "+tc.conclusion, func(t *testing.T) {
			NewWithT(t).Expect(read(tc.status, tc.conclusion)).To(Equal(tc.want))
		})
	}
}

func TestALongDescriptionIsCutVisiblyAndBetweenRunes(t *testing.T) {
	g := NewWithT(t)
	fits := strings.Repeat("x", 65535)
	g.Expect(dialect{}.Render(providers.Status{Description: fits}).Description).To(Equal(fits))
	for _, long := range []string{fits + "x", strings.Repeat("ä", 40000), "x" + strings.Repeat("ä", 40000), strings.Repeat("😀", 20000)} {
		got := dialect{}.Render(providers.Status{Description: long}).Description
		g.Expect(len(got)).To(And(BeNumerically("<=", 65535), BeNumerically(">", 65525)))
		g.Expect(utf8.ValidString(got)).To(BeTrue())
		g.Expect(got).To(HaveSuffix("…"))
	}
}

func TestRenderingTwiceChangesNothing(t *testing.T) {
	g := NewWithT(t)
	for _, description := range []string{"", " a \n", "\xff", strings.Repeat("ä ", 40000), strings.Repeat(" ", 70000) + "x"} {
		once := dialect{}.Render(providers.Status{Phase: "cancelled", Description: description})
		g.Expect(once.Phase).To(Equal(v1alpha1.PhaseCanceled))
		g.Expect(dialect{}.Render(once)).To(Equal(once))
	}
}

func TestTheTitleIsTheFirstLine(t *testing.T) {
	g := NewWithT(t)
	of := func(description string) string {
		return title(dialect{}.Render(providers.Status{Phase: v1alpha1.PhaseFailure, Description: description}))
	}
	g.Expect(of("3 of 5 failed\n\nlog")).To(Equal("3 of 5 failed"))
	g.Expect(of("")).To(Equal("failure"))
	g.Expect(of(strings.Repeat("ä", 255))).To(Equal(strings.Repeat("ä", 255)))
	g.Expect(of(strings.Repeat("ä", 256))).To(Equal(strings.Repeat("ä", 254) + "…"))
}

func TestNextTakesTheStepThatGitHubCanDo(t *testing.T) {
	shown := func(phase v1alpha1.Phase, description, url string) *providers.Shown {
		return &providers.Shown{
			Status: providers.Status{Phase: phase, Description: description, URL: url},
			Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 1}},
		}
	}
	for name, tc := range map[string]struct {
		shown *providers.Shown
		want  providers.Status
		step  providers.Step
	}{
		"nothing shown":                          {nil, providers.Status{Phase: "queued"}, providers.StepCreate},
		"equal":                                  {shown("success", "d", "u"), providers.Status{Phase: "success", Description: "d", URL: "u"}, providers.StepNone},
		"equal once rendered":                    {shown("canceled", "d", ""), providers.Status{Phase: "cancelled", Description: " d\n"}, providers.StepNone},
		"on and on":                              {shown("queued", "", ""), providers.Status{Phase: "in_progress"}, providers.StepUpdate},
		"back before the end":                    {shown("in_progress", "", ""), providers.Status{Phase: "queued"}, providers.StepUpdate},
		"to the end":                             {shown("in_progress", "", ""), providers.Status{Phase: "failure"}, providers.StepUpdate},
		"another end":                            {shown("failure", "", ""), providers.Status{Phase: "success"}, providers.StepUpdate},
		"reopened":                               {shown("failure", "", ""), providers.Status{Phase: "queued"}, providers.StepCreate},
		"another description":                    {shown("success", "d", ""), providers.Status{Phase: "success", Description: "e"}, providers.StepUpdate},
		"no description anymore":                 {shown("success", "d", ""), providers.Status{Phase: "success"}, providers.StepCreate},
		"no URL anymore":                         {shown("success", "", "u"), providers.Status{Phase: "success"}, providers.StepCreate},
		"no description anymore, before the end": {shown("in_progress", "d", ""), providers.Status{Phase: "in_progress"}, providers.StepReplace},
		"no URL anymore, before the end":         {shown("queued", "d", "u"), providers.Status{Phase: "in_progress", Description: "d"}, providers.StepReplace},
		"no description anymore, at the end":     {shown("in_progress", "d", ""), providers.Status{Phase: "success"}, providers.StepReplace},
		"GitHub's own word":                      {shown("neutral", "d", ""), providers.Status{Phase: "success", Description: "d"}, providers.StepUpdate},
		"GitHub's own word, reopened":            {shown("neutral", "d", ""), providers.Status{Phase: "queued", Description: "d"}, providers.StepCreate},
		"a URL now":                              {shown("success", "", ""), providers.Status{Phase: "success", URL: "u"}, providers.StepUpdate},
		"no phase":                               {nil, providers.Status{Phase: "skipped"}, providers.StepUnsupported},
		"it is not known which": {
			&providers.Shown{Status: providers.Status{Phase: "queued"}},
			providers.Status{Phase: "success"},
			providers.StepCreate,
		},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(dialect{}.Next(tc.shown, tc.want)).To(Equal(tc.step))
		})
	}
}

func TestWhatSomebodyElseMadeIsSupersededAndNeverChanged(t *testing.T) {
	g := NewWithT(t)
	foreign := func(phase v1alpha1.Phase) *providers.Shown {
		return &providers.Shown{
			Status:  providers.Status{Phase: phase},
			Handle:  v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 1}},
			Foreign: true,
		}
	}
	for _, from := range phases {
		for _, to := range phases {
			step := providers.StepCreate
			if from == to {
				step = providers.StepNone
			}
			g.Expect(dialect{}.Next(foreign(from), providers.Status{Phase: to})).To(Equal(step), "%s to %s", from, to)
		}
	}
}
