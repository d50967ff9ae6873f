package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// saved returns what was saved since the last call.
func (f *fleet) saved() ledger.Saved {
	now := f.Count().Saved
	out := ledger.Saved{now.Duplicate - f.counted.Duplicate, now.Coalesced - f.counted.Coalesced, now.Unchanged - f.counted.Unchanged}
	f.counted = now
	return out
}

// set changes what eu wants, and routes the key as a change does.
func (f *fleet) set(phase v1alpha1.Phase) {
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants(phase)))
	f.Route(ledgertest.Key)
}

func (f *fleet) write() {
	job := f.Claimed()
	f.Showed(ledgertest.Key, job, ledgertest.Shows(job.Verdict.Want.Phase), true)
}

func TestAWriteForManyClaimsSavesAllButOne(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2)))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3)))
	f.Hear("sa", ledgertest.CommitStatus(ledgertest.CreatedAt(4), ledgertest.Wants("failure")))
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 2}), "sa wants something else")
	f.set("failure")
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}), "now sa is served and us and ap are not")
}

func TestAClaimThatJoinsWhatIsShownSavesAWrite(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2)))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("failure")))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "ap is not shown")
	f.SetObject("ap", f.Token["ap"], ledgertest.CommitStatus(ledgertest.CreatedAt(3), func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-in-ap" }))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}), "now it is")
}

func TestASecondLookSavesNothing(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000)))
	f.write()
	f.saved()
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 4711))))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "the echo of a status patch asks for nothing")
}

func TestStatesThatAreOvertakenWhileTheyWaitAreSaved(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.set("queued")
	f.set("in_progress")
	f.set("in_progress")
	f.set("success")
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 2}))
	f.set("failure")
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "nothing was overtaken since")
}

func TestAStateThatComesDuringAWriteIsNotOvertakenByIt(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Route(ledgertest.Key)
	f.set("in_progress")
	job := f.Claimed()
	f.set("success")
	f.Showed(ledgertest.Key, job, ledgertest.Shows("in_progress"), true)
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 1}), "queued")
	f.set("failure")
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 1}), "success")
}

func TestClaimsThatDoNotCountAreNotServed(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Tell("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2)))
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}))
	f.Synced("us", f.Token["us"])
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}))
}

func TestWhatCannotBeDecidedYetIsNotOvertaken(t *testing.T) {
	f := newStandby(t)
	f.Members = []string{"eu", "us"}
	f.TakeOver()
	loser := ledgertest.StatusWith("queued", 7)
	loser.Owner = "us/team-a/build"
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success"), ledgertest.Told(loser)))
	f.Route(ledgertest.Key)
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("failure")))
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}))
}

func TestAStateThatWasTriedIsNotSaved(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.set("in_progress")
	f.set("failure")
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonInvalid, "refused"))
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 1}), "in_progress was overtaken")
	f.set("success")
	f.write()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "failure cost a call")
}

func TestAChangeThatIsTakenBackIsSaved(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.write()
	f.set("success")
	f.set("queued")
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 1, Unchanged: 1}))
}

func TestARestartInSyncSavesAWriteForEachClaim(t *testing.T) {
	f := newStandby(t)
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 7))))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Told(ledgertest.StatusWith("queued", 7))))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Unchanged: 1, Duplicate: 1}), "one for the key, one for whom it serves too")
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3000)))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}))
}

func TestWhatALookUpFindsRightIsSavedUnlessItWasOurs(t *testing.T) {
	f := newStandby(t)
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), false)
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Unchanged: 1}))
	f.set("success")
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true})
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), false)
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "the lost write arrived")
}

func TestAnObjectThatIsReplacedSavesItsWrite(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.write()
	f.RemoveObject("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Unchanged: 1}))
}

func TestAFailureThatIsOverruledCountsOnceForEachChange(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("queued")))
	f.write()
	for range 2 {
		for _, cluster := range []string{"eu", "us", "ap"} {
			f.Published(cluster)
		}
	}
	f.G.Expect(f.Count().Overruled).To(BeEquivalentTo(1))
	f.set("in_progress")
	f.write()
	f.Published("us")
	f.G.Expect(f.Count().Overruled).To(BeEquivalentTo(2), "something else is shown")
	f.SetObject("us", f.Token["us"], ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure"), func(cs *v1alpha1.CommitStatus) {
		cs.UID, cs.Generation, cs.Spec.Description = "uid-in-us", 2, "3 failed"
	}))
	f.Published("us")
	f.G.Expect(f.Count().Overruled).To(BeEquivalentTo(3), "it fails anew")

	f.set("failure")
	f.write()
	f.G.Expect(ledgertest.ReadyOf(f.Published("us")).Reason).To(Equal(v1alpha1.ReasonShared))
	f.G.Expect(f.Count().Overruled).To(BeEquivalentTo(3), "a failure is shown, if another one")
}

func TestARestartCountsNoOverruledFailureAgain(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.write()
	us, eu := *f.Published("us"), *f.Published("eu")
	f.G.Expect(f.Count().Overruled).To(BeEquivalentTo(1))

	again := newFleet(t)
	again.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), ledgertest.Told(eu)))
	us.ShortSHA = ""
	again.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure"), ledgertest.Told(us)))
	again.Advance(ledgertest.Key)
	again.G.Expect(again.Published("us")).NotTo(BeNil())
	again.G.Expect(again.Count().Overruled).To(BeZero())
}

func TestTheAgeOfAWishIsThatOfItsNewestState(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1)))
	f.Route(ledgertest.Key)
	f.Clock.Step(time.Minute)
	f.set("success")
	f.Clock.Step(time.Second)
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success")))
	f.G.Expect(f.Clock.Since(f.Claimed().DesiredSince())).To(Equal(time.Second))
	job := f.Claimed()
	f.set("failure")
	f.Showed(ledgertest.Key, job, ledgertest.Shows("success"), true)
	f.G.Expect(f.Clock.Since(f.Claimed().DesiredSince())).To(BeZero(), "failure is not answered yet")
	f.write()
	f.G.Expect(f.Claimed().DesiredSince().IsZero()).To(BeTrue())
}
