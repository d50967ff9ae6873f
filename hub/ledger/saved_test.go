package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// saved returns what was saved since the last call.
func (f *fleet) saved() Saved {
	now := f.Count().Saved
	out := Saved{now.Duplicate - f.counted.Duplicate, now.Coalesced - f.counted.Coalesced, now.Unchanged - f.counted.Unchanged}
	f.counted = now
	return out
}

// set changes what eu wants, and routes the key as a change does.
func (f *fleet) set(phase v1alpha1.Phase) {
	f.SetObject("eu", f.token["eu"], testStatus(createdAt(1), wants(phase)))
	f.Route(testKey)
}

func (f *fleet) write() {
	job := f.job()
	f.Showed(testKey, job, shows(job.Verdict.Want.Phase), true)
}

func TestAWriteForManyClaimsSavesAllButOne(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.hear("us", testStatus(createdAt(2)))
	f.hear("ap", testStatus(createdAt(3)))
	f.hear("sa", testStatus(createdAt(4), wants("failure")))
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 2}), "sa wants something else")
	f.set("failure")
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}), "now sa is served and us and ap are not")
}

func TestAClaimThatJoinsWhatIsShownSavesAWrite(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{}))
	f.hear("us", testStatus(createdAt(2)))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}))
	f.hear("ap", testStatus(createdAt(3), wants("failure")))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{}), "ap is not shown")
	f.SetObject("ap", f.token["ap"], testStatus(createdAt(3), func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-in-ap" }))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}), "now it is")
}

func TestASecondLookSavesNothing(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.hear("us", testStatus(createdAt(2000)))
	f.write()
	f.saved()
	f.SetObject("eu", f.token["eu"], testStatus(told(statusWith("queued", 4711))))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{}), "the echo of a status patch asks for nothing")
}

func TestStatesThatAreOvertakenWhileTheyWaitAreSaved(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.set("queued")
	f.set("in_progress")
	f.set("in_progress")
	f.set("success")
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 2}))
	f.set("failure")
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{}), "nothing was overtaken since")
}

func TestAStateThatComesDuringAWriteIsNotOvertakenByIt(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.Route(testKey)
	f.set("in_progress")
	job := f.job()
	f.set("success")
	f.Showed(testKey, job, shows("in_progress"), true)
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 1}), "queued")
	f.set("failure")
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 1}), "success")
}

func TestClaimsThatDoNotCountAreNotServed(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.tell("us", testStatus(createdAt(2)))
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{}))
	f.Synced("us", f.token["us"])
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}))
}

func TestWhatCannotBeDecidedYetIsNotOvertaken(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	loser := statusWith("queued", 7)
	loser.Owner = "us/team-a/build"
	f.hear("eu", testStatus(createdAt(2), wants("success"), told(loser)))
	f.Route(testKey)
	f.hear("us", testStatus(createdAt(1), wants("failure")))
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{}))
}

func TestAStateThatWasTriedIsNotSaved(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.set("in_progress")
	f.set("failure")
	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonInvalid, "refused"))
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 1}), "in_progress was overtaken")
	f.set("success")
	f.write()
	f.g.Expect(f.saved()).To(Equal(Saved{}), "failure cost a call")
}

func TestAChangeThatIsTakenBackIsSaved(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.write()
	f.set("success")
	f.set("queued")
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 1, Unchanged: 1}))
}

func TestARestartInSyncSavesAWriteForEachClaim(t *testing.T) {
	f := newFleet(t)
	f.takeOver()
	f.hear("eu", testStatus(told(statusWith("queued", 7))))
	f.hear("us", testStatus(createdAt(2000), told(statusWith("queued", 7))))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Unchanged: 1, Duplicate: 1}), "one for the key, one for whom it serves too")
	f.hear("ap", testStatus(createdAt(3000)))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{}))
}

func TestWhatALookUpFindsRightIsSavedUnlessItWasOurs(t *testing.T) {
	f := newFleet(t)
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1)))
	f.Showed(testKey, f.job(), shows("queued"), false)
	f.g.Expect(f.saved()).To(Equal(Saved{Unchanged: 1}))
	f.set("success")
	f.Failed(testKey, f.job(), f.now.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "reset", Unknown: true})
	f.Showed(testKey, f.job(), shows("success"), false)
	f.g.Expect(f.saved()).To(Equal(Saved{}), "the lost write arrived")
}

func TestAnObjectThatIsReplacedSavesItsWrite(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.write()
	f.RemoveObject("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	f.SetObject("eu", f.token["eu"], testStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Unchanged: 1}))
}

func TestAFailureThatIsOverruledCountsOnceForEachChange(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.hear("ap", testStatus(createdAt(3), wants("queued")))
	f.write()
	for range 2 {
		for _, cluster := range []string{"eu", "us", "ap"} {
			f.published(cluster)
		}
	}
	f.g.Expect(f.Count().Overruled).To(BeEquivalentTo(1))
	f.set("in_progress")
	f.write()
	f.published("us")
	f.g.Expect(f.Count().Overruled).To(BeEquivalentTo(2), "something else is shown")
	f.SetObject("us", f.token["us"], testStatus(createdAt(2), wants("failure"), func(cs *v1alpha1.CommitStatus) {
		cs.UID, cs.Generation, cs.Spec.Description = "uid-in-us", 2, "3 failed"
	}))
	f.published("us")
	f.g.Expect(f.Count().Overruled).To(BeEquivalentTo(3), "it fails anew")

	f.set("failure")
	f.write()
	f.g.Expect(readyOf(f.published("us")).Reason).To(Equal(v1alpha1.ReasonShared))
	f.g.Expect(f.Count().Overruled).To(BeEquivalentTo(3), "a failure is shown, if another one")
}

func TestARestartCountsNoOverruledFailureAgain(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.write()
	us, eu := *f.published("us"), *f.published("eu")
	f.g.Expect(f.Count().Overruled).To(BeEquivalentTo(1))

	again := newFleet(t)
	again.hear("eu", testStatus(createdAt(1), wants("success"), told(eu)))
	us.ShortSHA = ""
	again.hear("us", testStatus(createdAt(2), wants("failure"), told(us)))
	again.Advance(testKey)
	again.g.Expect(again.published("us")).NotTo(BeNil())
	again.g.Expect(again.Count().Overruled).To(BeZero())
}

func TestTheAgeOfAWishIsThatOfItsNewestState(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1)))
	f.Route(testKey)
	f.now.Step(time.Minute)
	f.set("success")
	f.now.Step(time.Second)
	f.hear("us", testStatus(createdAt(2), wants("success")))
	f.g.Expect(f.now.Since(f.job().desired.since)).To(Equal(time.Second))
	job := f.job()
	f.set("failure")
	f.Showed(testKey, job, shows("success"), true)
	f.g.Expect(f.now.Since(f.job().desired.since)).To(BeZero(), "failure is not answered yet")
	f.write()
	f.g.Expect(f.job().desired.since.IsZero()).To(BeTrue())
}
