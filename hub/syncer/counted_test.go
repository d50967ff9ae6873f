package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fixedTexts is the Next of an SCM that changes no text while a phase stays, as GitLab.
func fixedTexts(shown *providers.Shown, want providers.Status) providers.Step {
	step := ledgertest.Account{}.Next(shown, want)
	if step == providers.StepUpdate && !shown.Over() && (shown.Phase == want.Phase || want.Phase == "queued") {
		return providers.StepUnsupported
	}
	return step
}

func TestACountThatCannotBeShownYetIsNobodysOwn(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	b.use(ledgertest.Aggregating(true), ledgertest.Comparing(time.Minute, false))
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("in_progress")))
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("in_progress")))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}))
	b.Edit("us", ledgertest.CreatedAt(2), ledgertest.Wants("success"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(HaveLen(1), "1 of 2 in progress cannot be shown")
	for _, cluster := range []string{"eu", "us"} {
		status := b.Published(cluster)
		b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonAggregated), cluster)
		b.G.Expect(ledgertest.ReadyOf(status).Status).To(Equal(metav1.ConditionTrue), cluster)
		b.G.Expect(status.Description).To(Equal("all 2 in progress"), "what is shown")
	}
	b.scm.listed = listed(&providers.Shown{Status: providers.Status{Phase: "in_progress", Description: "all 2 in progress"}, Handle: ledgertest.Shows("queued").Handle})
	b.Clock.Step(2 * time.Minute)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "list"}))
	b.G.Expect(b.Published("eu")).To(BeNil(), "nor is it drift")
	b.Edit("eu", ledgertest.CreatedAt(1), ledgertest.Wants("failure"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "list", "update failure"}))
	b.G.Expect(b.Published("us").Description).To(Equal("1 of 2 failed"), "the next phase counts anew")
}

func TestAPhaseThatCannotBeShownIsUnsupportedForAllTogether(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	b.use(ledgertest.Aggregating(true))
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("in_progress")))
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("in_progress")))
	b.reconcile()
	b.Edit("us", ledgertest.CreatedAt(2), ledgertest.Wants("queued"))
	b.Edit("eu", ledgertest.CreatedAt(1), ledgertest.Wants("queued"))
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestATextOfOneClaimThatCannotBeShownIsUnsupported(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	b.reconcile()
	b.Edit("eu", ledgertest.Wants("in_progress"), describes("d"))
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestACountThatIsLeftIsNoFaultOfTheLastClaim(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	b.use(ledgertest.Aggregating(true))
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("in_progress")))
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("in_progress")))
	b.reconcile()
	b.Published("eu")
	b.Deleted("us")
	b.reconcile()
	b.G.Expect(b.scm.asked).To(HaveLen(1))
	if status := b.Published("eu"); status != nil {
		b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonAggregated))
	}
	b.Edit("eu", ledgertest.CreatedAt(1), ledgertest.Wants("success"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "update success"}))
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}
