package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestWhatNobodyHereTellsOfIsLeftWhileItsOwnerMayBeUnheard(t *testing.T) {
	b := newStandby(t)
	b.Members = []string{"eu", "us"}
	b.TakeOver()
	b.scm.found = ledgertest.Shows("failure")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.G.Expect(b.reconcile()).To(Equal(unsyncedCheck))
	b.Clock.Step(awaitTold)
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Message).To(Equal(
		"waiting for cluster us, which has not synced since the hub started: it may claim it too"))
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}), "that it waits changes nothing there")
	b.Hear("us")
	b.reconcile()
	b.G.Expect(b.scm.asked[1:]).To(Equal([]string{"find", "update success"}), "nobody else claims it")
}

func TestTheWaitForAMemberLastsForTheGrace(t *testing.T) {
	b := newStandby(t)
	b.Members = []string{"eu", "us"}
	b.TakeOver()
	b.scm.found = ledgertest.Shows("failure")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.Clock.Step(15 * time.Minute)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))
}

func TestAMemberThatIsHeardLateHasItsOldClaimsLookedUp(t *testing.T) {
	b := newStandby(t)
	b.Members = []string{"eu"}
	b.TakeOver()
	b.Clock.Step(time.Hour)
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.reconcile()
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA))
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create success", "create queued"}), "and its new ones not")
}

func TestWhoWaitsForAMemberKeepsItsOldStatus(t *testing.T) {
	b := newStandby(t)
	b.Members = []string{"eu", "us"}
	b.TakeOver()
	loser := ledgertest.StatusWith("failure", 7)
	loser.Owner = "us/team-a/build"
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(loser)))
	b.reconcile()
	b.G.Expect(b.Published("eu")).To(BeNil(), "most members are heard soon")
	b.Clock.Step(awaitTold)
	b.reconcile()
	status := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonPending))
	b.G.Expect(status.Owner).To(Equal("us/team-a/build"), "after one more restart it is waited for again")
	b.G.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure))
	b.G.Expect(b.scm.asked).To(BeEmpty())
}

func TestAStatusThatDoesNotAnswerTheSpecIsNotBelieved(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"the spec changed since":      func(cs *v1alpha1.CommitStatus) { cs.Generation = 3 },
		"the last write was in doubt": func(cs *v1alpha1.CommitStatus) { cs.Status.Conditions[0].Reason = v1alpha1.ReasonUnavailable },
		"it waited for its turn":      func(cs *v1alpha1.CommitStatus) { cs.Status.Conditions[0].Reason = v1alpha1.ReasonPending },
	} {
		t.Run(name, func(t *testing.T) {
			b := takingOver(t)
			b.scm.found = ledgertest.Shows("success")
			b.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 7)), edit))
			b.reconcile()
			b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
		})
	}
}

func TestWhatAPredecessorMayHaveSentHasTimeToArrive(t *testing.T) {
	b := newStandby(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.Begin(ledger.Predecessor{Led: true, Unsure: true, Left: -5 * time.Second})
	b.G.Expect(b.reconcile()).To(Equal(20*time.Second), "its lease runs for 5 s yet")
	b.Clock.Step(20 * time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "find", "create queued"}))

	b.Hear("us", ledgertest.CommitStatus(ledgertest.On(ledgertest.OtherSHA), ledgertest.Told(func() v1alpha1.CommitStatusStatus {
		s := ledgertest.StatusWith("queued", 7)
		s.SHA = ledgertest.OtherSHA
		return s
	}()), ledgertest.Wants("success")))
	b.scm.found, b.scm.asked = ledgertest.Shows("queued"), nil
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}), "no second run can come of it")
}

func TestWhatAPredecessorCannotHaveSeenNeedsNoTimeToArrive(t *testing.T) {
	b := newStandby(t)
	b.Begin(ledger.Predecessor{Led: true, Unsure: true, Left: 5 * time.Second})
	b.Hear("eu")
	b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
}

func TestWhatWasRefusedBecauseSomethingElseIsThereIsLookedUpSoon(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonRepoNotFound, Message: "no such run", Unknown: true}
	}
	b.Edit("eu", ledgertest.Wants("success"))
	b.G.Expect(b.reconcile()).To(Equal(time.Second))
	b.scm.answer = answer
	b.Clock.Step(settleTime)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "update success", "find", "create success"}))
}

func TestARunThatAnUpdateDoesNotReopenIsReplaced(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return *ledgertest.Shows("failure"), nil }
	b.Edit("eu", ledgertest.Wants("in_progress"))
	b.reconcile()
	b.scm.answer = answer
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "update in_progress", "create in_progress"}))
}
