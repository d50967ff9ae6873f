package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestWhatNobodyHereTellsOfIsLeftWhileItsOwnerMayBeUnheard(t *testing.T) {
	b := newBench(t)
	b.members = []string{"eu", "us"}
	b.takeOver()
	b.scm.found = shows("failure")
	b.hear("eu", testStatus(wants("success")))
	b.g.Expect(b.reconcile()).To(Equal(unsyncedCheck))
	b.now.Step(awaitTold)
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Message).To(Equal(
		"waiting for cluster us, which has not synced since the hub started: it may claim it too"))
	b.g.Expect(b.scm.asked).To(Equal([]string{"find"}), "that it waits changes nothing there")
	b.hear("us")
	b.reconcile()
	b.g.Expect(b.scm.asked[1:]).To(Equal([]string{"find", "update success"}), "nobody else claims it")
}

func TestTheWaitForAMemberLastsForTheGrace(t *testing.T) {
	b := newBench(t)
	b.members = []string{"eu", "us"}
	b.takeOver()
	b.scm.found = shows("failure")
	b.hear("eu", testStatus(wants("success")))
	b.now.Step(15 * time.Minute)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))
}

func TestAMemberThatIsHeardLateHasItsOldClaimsLookedUp(t *testing.T) {
	b := newBench(t)
	b.members = []string{"eu"}
	b.takeOver()
	b.now.Step(time.Hour)
	b.hear("eu", testStatus())
	b.reconcile()
	b.edit("eu", on(movedSHA))
	b.entryOf(testKey).Shown = shows("success")
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "create queued", "create queued"}), "and its new ones not")
}

func TestWhoWaitsForAMemberKeepsItsOldStatus(t *testing.T) {
	b := newBench(t)
	b.members = []string{"eu", "us"}
	b.takeOver()
	loser := statusWith("failure", 7)
	loser.Owner = "us/team-a/build"
	b.hear("eu", testStatus(wants("success"), told(loser)))
	b.reconcile()
	b.g.Expect(b.published("eu")).To(BeNil(), "most members are heard soon")
	b.now.Step(awaitTold)
	b.reconcile()
	status := b.published("eu")
	b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonPending))
	b.g.Expect(status.Owner).To(Equal("us/team-a/build"), "after one more restart it is waited for again")
	b.g.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure))
	b.g.Expect(b.scm.asked).To(BeEmpty())
}

func TestAStatusThatDoesNotAnswerTheSpecIsNotBelieved(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"the spec changed since":      func(cs *v1alpha1.CommitStatus) { cs.Generation = 3 },
		"the last write was in doubt": func(cs *v1alpha1.CommitStatus) { cs.Status.Conditions[0].Reason = v1alpha1.ReasonUnavailable },
		"it waited for its turn":      func(cs *v1alpha1.CommitStatus) { cs.Status.Conditions[0].Reason = v1alpha1.ReasonPending },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.takeOver()
			b.scm.found = shows("success")
			b.hear("eu", testStatus(told(statusWith("queued", 7)), edit))
			b.reconcile()
			b.g.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
		})
	}
}

func TestWhatAPredecessorMayHaveSentHasTimeToArrive(t *testing.T) {
	b := newBench(t)
	b.hear("eu", testStatus())
	b.started = time.Time{}
	b.Begin(Predecessor{Led: true, Unsure: true, Left: -5 * time.Second})
	b.entryOf(testKey).Certain, b.entryOf(testKey).seen = false, false
	b.objectAt(idIn("eu")).fresh = false
	b.g.Expect(b.reconcile()).To(Equal(20*time.Second), "its lease runs for 5 s yet")
	b.now.Step(20 * time.Second)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "find", "create queued"}))

	b.hear("us", testStatus(on(movedSHA), told(func() v1alpha1.CommitStatusStatus {
		s := statusWith("queued", 7)
		s.SHA = movedSHA
		return s
	}()), wants("success")))
	b.scm.found, b.scm.asked = shows("queued"), nil
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}), "no second run can come of it")
}

func TestWhatAPredecessorCannotHaveSeenNeedsNoTimeToArrive(t *testing.T) {
	b := newBench(t)
	b.started = time.Time{}
	b.Begin(Predecessor{Led: true, Unsure: true, Left: 5 * time.Second})
	b.hear("eu")
	b.SetObject("eu", b.token["eu"], testStatus())
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "create queued"}))
}

func TestWhatWasRefusedBecauseSomethingElseIsThereIsLookedUpSoon(t *testing.T) {
	b := newBench(t)
	b.hear("eu", testStatus())
	b.reconcile()
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, &providers.Error{Reason: v1alpha1.ReasonRepoNotFound, Message: "no such run", Unknown: true}
	}
	b.edit("eu", wants("success"))
	b.g.Expect(b.reconcile()).To(Equal(time.Second))
	b.scm.answer = answer
	b.now.Step(settleTime)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued", "update success", "find", "create success"}))
}

func TestARunThatAnUpdateDoesNotReopenIsReplaced(t *testing.T) {
	b := newBench(t)
	b.hear("eu", testStatus())
	b.reconcile()
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return *shows("failure"), nil }
	b.edit("eu", wants("in_progress"))
	b.reconcile()
	b.scm.answer = answer
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"create queued", "update in_progress", "create in_progress"}))
}
