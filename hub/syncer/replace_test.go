package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// keepsTexts is the Next of an SCM that can empty no field of a status.
func keepsTexts(shown *providers.Shown, want providers.Status) providers.Step {
	step := ledgertest.Account{}.Next(shown, want)
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
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress"), describes("d")))
	b.reconcile()
	b.Published("eu")
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
			b.Edit("eu", ledgertest.Wants(phase))
			b.reconcile()
			b.G.Expect(b.scm.asked).To(Equal(asked))
			b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			b.reconcile()
			b.G.Expect(b.scm.asked).To(HaveLen(2))
		})
	}
}

func TestReplace_MakesNoNewStatusWhileTheOldOneMayBeUnfinished(t *testing.T) {
	b := described(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, lostAnswer()
	}
	b.Edit("eu", ledgertest.Wants("in_progress"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.scm.found = &providers.Shown{Status: providers.Status{Phase: "canceled", Description: "d"}, Handle: ledgertest.Shows("canceled").Handle}
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: want, Handle: ledgertest.Shows(want.Phase).Handle}, nil
	}
	b.Clock.Step(settleTime)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "find", "create in_progress"}))
}

func TestReplace_ReportsAnSCMThatDoesNotEndTheStatus(t *testing.T) {
	b := described(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{Status: providers.Status{Phase: "in_progress", Description: "d"}, Handle: ledgertest.Shows("queued").Handle}, nil
	}
	b.Edit("eu", ledgertest.Wants("in_progress"))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonUnsupported))
}

func TestAbandon_EndsInPlaceWhatCannotLoseItsText(t *testing.T) {
	b := described(t)
	b.Edit("eu", ledgertest.Wants("success"))
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update success"}))
}

func TestDrift_QuotesTheSCMsOwnWord(t *testing.T) {
	b := newDriftBench(t, false)
	theirs := ledgertest.Shows("success")
	theirs.Phase = providers.Word("neutral")
	b.compared(theirs)
	status := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.G.Expect(status.SyncFailure.Message).To(Equal("drift: phase is neutral in GitHub, success here"))
	b.G.Expect(status.IsSynced).To(BeFalse())
	b.G.Expect(status.Phase).To(BeEmpty(), "none of ours means it")
	b.G.Expect(status.Provider).NotTo(BeNil())

	again := takingOver(t)
	again.use(ledgertest.Comparing(10*time.Minute, false))
	again.scm.found = theirs
	again.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(*status)))
	again.G.Expect(again.Published("eu")).To(BeNil(), "what is told stays until it is looked up")
	again.reconcile()
	again.G.Expect(again.scm.asked).To(Equal([]string{"find"}), "it is looked up and left")
	again.G.Expect(again.Published("eu")).To(BeNil(), "and told as before")
}
