package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// keepsTexts is the Next of an SCM that can empty no field of a status.
func keepsTexts(shown *providers.Shown, want providers.Status) providers.Step {
	step := fakeDialect{}.Next(shown, want)
	if step != providers.StepUpdate || shown.Description == "" || want.Description != "" {
		return step
	}
	if shown.Over() {
		return providers.StepCreate
	}
	return providers.StepReplace
}

func describes(text string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = text }
}

// described is a bench whose SCM shows in_progress with a description, which it cannot empty.
func described(t *testing.T) *bench {
	b := newBench(t)
	b.scm.next = keepsTexts
	b.hear("eu", testStatus(wants("in_progress"), describes("d")))
	b.reconcile()
	b.published("eu")
	b.scm.asked = nil
	return b
}

func TestReplace_EndsTheUnfinishedStatusFirst(t *testing.T) {
	for phase, asked := range map[v1alpha1.Phase][]string{
		"in_progress": {"update canceled", "create in_progress"},
		"queued":      {"update canceled", "create queued"},
		"success":     {"update success", "create success"},
		"failure":     {"update failure", "create failure"},
	} {
		t.Run(string(phase), func(t *testing.T) {
			b := described(t)
			b.edit("eu", wants(phase))
			b.reconcile()
			b.g.Expect(b.scm.asked).To(Equal(asked))
			b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			b.reconcile()
			b.g.Expect(b.scm.asked).To(HaveLen(2))
		})
	}
}

func TestReplace_MakesNoNewStatusWhileTheOldOneMayBeUnfinished(t *testing.T) {
	b := described(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true}
	}
	b.edit("eu", wants("in_progress"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.scm.found = &providers.Shown{Status: providers.Status{Phase: "canceled", Description: "d"}, Handle: shows("canceled").Handle}
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: want, Handle: shows(want.Phase).Handle}, nil
	}
	b.now.Step(settleTime)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "find", "create in_progress"}))
}

func TestReplace_ReportsAnSCMThatDoesNotEndTheStatus(t *testing.T) {
	b := described(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: providers.Status{Phase: "in_progress", Description: "d"}, Handle: shows("queued").Handle}, nil
	}
	b.edit("eu", wants("in_progress"))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestAbandon_EndsInPlaceWhatCannotLoseItsText(t *testing.T) {
	b := described(t)
	b.edit("eu", wants("success"))
	b.edit("eu", on(movedSHA), wants("queued"))
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update success"}))
}

func TestDrift_QuotesTheSCMsOwnWord(t *testing.T) {
	b := newDriftBench(t, false)
	theirs := shows("success")
	theirs.Phase = providers.Word("neutral")
	b.compared(theirs)
	status := b.published("eu")
	b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.g.Expect(status.SyncFailure.Message).To(Equal("drift: phase is neutral in GitHub, success here"))
	b.g.Expect(status.IsSynced).To(BeFalse())
	b.g.Expect(status.Phase).To(BeEmpty(), "none of ours means it")
	b.g.Expect(status.Provider).NotTo(BeNil())

	again := newBench(t)
	again.takeOver()
	again.driftPolicy(drifting{interval: 10 * time.Minute})
	again.scm.found = theirs
	again.hear("eu", testStatus(wants("success"), told(*status)))
	again.g.Expect(again.published("eu")).To(BeNil(), "what is told stays until it is looked up")
	again.reconcile()
	again.g.Expect(again.scm.asked).To(Equal([]string{"find"}), "it is looked up and left")
	again.g.Expect(again.published("eu")).To(BeNil(), "and told as before")
}
