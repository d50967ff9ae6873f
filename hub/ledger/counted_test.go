package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fixedTexts is the Next of an SCM that changes no text while a phase stays, as GitLab.
func fixedTexts(shown *providers.Shown, want providers.Status) providers.Step {
	step := fakeDialect{}.Next(shown, want)
	if step == providers.StepUpdate && !shown.Over() && (shown.Phase == want.Phase || want.Phase == "queued") {
		return providers.StepUnsupported
	}
	return step
}

func TestACountThatCannotBeShownYetIsNobodysOwn(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	s := testSCM(allowAll())
	s.account, s.aggregate, s.drift = b.scm, true, drifting{interval: time.Minute}
	b.SetScmProvider("acme", s)
	b.hear("eu", testStatus(createdAt(1), wants("in_progress")))
	b.hear("us", testStatus(createdAt(2), wants("in_progress")))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress"}))
	b.edit("us", createdAt(2), wants("success"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(HaveLen(1), "1 of 2 in progress cannot be shown")
	for _, cluster := range []string{"eu", "us"} {
		status := b.published(cluster)
		b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonAggregated), cluster)
		b.g.Expect(readyOf(status).Status).To(Equal(metav1.ConditionTrue), cluster)
		b.g.Expect(status.Description).To(Equal("all 2 in progress"), "what is shown")
	}
	b.scm.listed = listed(&providers.Shown{Status: providers.Status{Phase: "in_progress", Description: "all 2 in progress"}, Handle: shows("queued").Handle})
	b.now.Step(2 * time.Minute)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "list"}))
	b.g.Expect(b.published("eu")).To(BeNil(), "nor is it drift")
	b.edit("eu", createdAt(1), wants("failure"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "list", "update failure"}))
	b.g.Expect(b.published("us").Description).To(Equal("1 of 2 failed"), "the next phase counts anew")
}

func TestAPhaseThatCannotBeShownIsUnsupportedForAllTogether(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	s := testSCM(allowAll())
	s.account, s.aggregate = b.scm, true
	b.SetScmProvider("acme", s)
	b.hear("eu", testStatus(createdAt(1), wants("in_progress")))
	b.hear("us", testStatus(createdAt(2), wants("in_progress")))
	b.reconcile()
	b.edit("us", createdAt(2), wants("queued"))
	b.edit("eu", createdAt(1), wants("queued"))
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestATextOfOneClaimThatCannotBeShownIsUnsupported(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	b.hear("eu", testStatus(wants("in_progress")))
	b.reconcile()
	b.edit("eu", wants("in_progress"), describes("d"))
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestACountThatIsLeftIsNoFaultOfTheLastClaim(t *testing.T) {
	b := newBench(t)
	b.scm.next = fixedTexts
	s := testSCM(allowAll())
	s.account, s.aggregate = b.scm, true
	b.SetScmProvider("acme", s)
	b.hear("eu", testStatus(createdAt(1), wants("in_progress")))
	b.hear("us", testStatus(createdAt(2), wants("in_progress")))
	b.reconcile()
	b.published("eu")
	b.deleted("us")
	b.reconcile()
	b.g.Expect(b.scm.asked).To(HaveLen(1))
	if status := b.published("eu"); status != nil {
		b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonAggregated))
	}
	b.edit("eu", createdAt(1), wants("success"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create in_progress", "update success"}))
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}
