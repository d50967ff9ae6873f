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

func TestClaimsOfAMemberCountOnceItIsHeard(t *testing.T) {
	f := newFleet(t)
	f.Tell("eu", ledgertest.CommitStatus())
	_, _, ok := f.Job(ledgertest.Key)
	f.G.Expect(ok).To(BeFalse(), "the rest of the member's claims may change the verdict")
	_, ok = f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeFalse(), "nothing is published before")
	changes := f.Synced("eu", f.Token["eu"])
	f.G.Expect(changes.Keys).To(ConsistOf(ledgertest.Key))
	f.G.Expect(f.Claimed().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseQueued))
}

func TestNothingIsToldBeforeTheScmProvidersAreLoaded(t *testing.T) {
	f := ledgertest.NewUnloaded(t)
	f.Begin(ledger.Predecessor{})
	f.SetScmProvider("acme", nil)
	f.Hear("eu", ledgertest.CommitStatus())
	_, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeFalse())
	f.SetScmProvider("acme", ledgertest.ScmProvider(ledgertest.AllowAll()))
	f.G.Expect(f.Loaded().Keys).To(ConsistOf(ledgertest.Key))
	f.G.Expect(f.Claimed().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseQueued))
}

func TestClustersShareAKey(t *testing.T) {
	f := newFleet(t)
	for _, cluster := range []string{"eu", "us", "local"} {
		f.Hear(cluster, ledgertest.CommitStatus())
	}
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActCreate))
	changes := f.Showed(ledgertest.Key, job, ledgertest.Shows("queued"), true)
	f.G.Expect(changes.Objects).To(ConsistOf(ledgertest.ID("eu"), ledgertest.ID("us"), ledgertest.ID("local")))
	job = f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActNothing))
	for _, cluster := range []string{"eu", "us", "local"} {
		patch, ok := f.Patch(ledgertest.ID(cluster))
		f.G.Expect(ok).To(BeTrue())
		f.G.Expect(patch.Status.Provider.GitHub.CheckRunID).To(BeEquivalentTo(4711))
		f.G.Expect(patch.Status.IsSynced).To(BeTrue())
	}
}

func TestARestartBelievesWhatTheMembersAgreeOn(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 7))))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 7))))
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActNothing))
	f.G.Expect(job.Observation.Certain()).To(BeFalse(), "a run that a member names is looked up before it is patched")
}

func TestOnlyTheOwnersStatusIsBelieved(t *testing.T) {
	f := newFleet(t)
	f.Tell("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Told(ledgertest.StatusWith("queued", 999))))
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1000)))
	f.Synced("us", f.Token["us"])
	job := f.Claimed()
	f.G.Expect(job.Verdict.Owner.Object.Cluster).To(Equal("eu"))
	f.G.Expect(job.Observation.Shown).To(BeNil(), "us may have forged it")
}

// otherWriter is another App.
type otherWriter struct{ ledgertest.Account }

func (otherWriter) Writer() string { return "github.com/app/2" }

func TestWhatAnotherScmProviderWroteIsLookedUp(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
	f.G.Expect(f.Claimed().Observation.Certain()).To(BeTrue())
	f.SetScmProvider("acme", ledgertest.Opened(otherWriter{}))
	f.G.Expect(f.Claimed().Observation.Certain()).To(BeFalse())
}

func TestAKeyThatIsClaimedAgainLaterIsLookedUp(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
	f.RemoveObject("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	f.Clock.Step(ledger.ReleaseDelay)
	f.Job(ledgertest.Key)
	f.G.Expect(f.Count().Keys).To(BeZero())
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus())
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActFind))
}

func TestAnOwnerOfAnotherKeyIsNotWaitedFor(t *testing.T) {
	f := newStandby(t)
	f.Members = []string{"eu", "us"}
	f.TakeOver()
	moved := ledgertest.StatusWith("failure", 7)
	moved.SHA, moved.Owner = "another", "us/team-a/build"
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(moved)))
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(BeEmpty())
}

func TestARemovedMemberWakesWhoWaitsForIt(t *testing.T) {
	f := newStandby(t)
	f.Members = []string{"eu", "us"}
	f.TakeOver()
	loser := ledgertest.StatusWith("failure", 7)
	loser.Owner = "us/team-a/build"
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(loser)))
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal("us"))
	f.Tell("us")
	f.G.Expect(f.Disengage("us", f.Token["us"]).Keys).To(ContainElement(ledgertest.Key))
}

func TestKeysFirstSeenAfterATakeOverAreLookedUp(t *testing.T) {
	f := newStandby(t)
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus())
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActFind))
}

func TestAFailureStandsUntilItsTimeOrAChange(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	_, delay := f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.G.Expect(delay).To(Equal(10 * time.Minute))
	f.G.Expect(f.Claimed().Wait).To(Equal(10*time.Minute), "nothing is called before")

	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success")))
	f.G.Expect(f.Claimed().Wait).To(BeZero(), "the claim changed")

	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.G.Expect(f.Claimed().Wait).NotTo(BeZero())
	changes := f.SetScmProvider("acme", ledgertest.ScmProvider(ledgertest.AllowAll()))
	f.G.Expect(changes.Keys).To(ContainElement(ledgertest.Key))
	f.G.Expect(f.Claimed().Wait).To(BeZero(), "the ScmProvider or its Secret changed")
}

func TestALostAnswerHasTimeToSettle(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Failed(ledgertest.Key, f.Claimed(), f.Clock.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true})
	f.Clock.Step(time.Second)
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActFind))
	f.G.Expect(job.Settle).To(Equal(14 * time.Second))
	f.Clock.Step(14 * time.Second)
	f.G.Expect(f.Claimed().Settle).To(BeZero())
}

func TestAWithdrawnGrantTakesTheClaimAway(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.SetScmProvider("acme", ledgertest.ScmProvider())
	_, _, ok := f.Job(ledgertest.Key)
	f.G.Expect(ok).To(BeFalse())
	patch, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(patch.Status.SyncFailure.Message).To(ContainSubstring("no grant"))
}

func TestALatePurgeSparesAReengagedMember(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	old := f.Token["eu"]
	f.Tell("eu")
	f.G.Expect(f.Disengage("eu", old).Keys).To(BeEmpty())
	f.G.Expect(f.Claimed().Verdict.Owner.Object.Cluster).To(Equal("eu"), "its claims stay until the new engagement is heard")
	f.Synced("eu", f.Token["eu"])
	_, wait, ok := f.Job(ledgertest.Key)
	f.G.Expect(ok).To(BeFalse(), "the new engagement did not list it")
	f.G.Expect(wait).To(Equal(ledger.ReleaseDelay))
}

func TestOthersTakeOverFromARemovedMember(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("failure")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success")))
	f.G.Expect(f.Claimed().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseFailure))
	f.G.Expect(f.Disengage("eu", f.Token["eu"]).Keys).To(ContainElement(ledgertest.Key))
	f.G.Expect(f.Claimed().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseSuccess))
}

func TestAKeyIsRememberedWhileAnObjectIsReplaced(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	name := types.NamespacedName{Namespace: "team-a", Name: "build"}
	f.RemoveObject("eu", f.Token["eu"], name, ledger.Deleted)
	f.Clock.Step(time.Second)
	_, wait, _ := f.Job(ledgertest.Key)
	f.G.Expect(wait).To(Equal(14 * time.Second))
	f.SetObject("eu", f.Token["eu"], ledgertest.CommitStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActNothing))

	f.Showed(ledgertest.Key, job, ledgertest.Shows("success"), true)
	f.RemoveObject("eu", f.Token["eu"], name, ledger.Deleted)
	f.Clock.Step(ledger.ReleaseDelay)
	f.Job(ledgertest.Key)
	f.G.Expect(f.Count().Keys).To(BeZero())
	f.G.Expect(f.Commits()).To(BeZero())
}

func TestTheLedgerForgetsWhatIsGone(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Disengage("eu", f.Token["eu"])
	f.Clock.Step(ledger.ReleaseDelay)
	f.Job(ledgertest.Key)
	f.G.Expect(f.Remembered()).To(BeEmpty())
	f.G.Expect(f.Count().Claims).To(BeEmpty(), "no member")
}

func TestAnUnheardOwnerHoldsTheKeyForTheGraceOnly(t *testing.T) {
	f := newStandby(t)
	f.Members = []string{"eu", "us"}
	f.TakeOver()
	loser := ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(func() v1alpha1.CommitStatusStatus {
		s := ledgertest.StatusWith("failure", 7)
		s.Owner = "us/team-a/build"
		return s
	}()))
	f.Hear("eu", loser)
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.UnsyncedCheck))
	_, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeFalse())
	f.Clock.Step(15 * time.Minute)
	f.G.Expect(f.Claimed().Wait).To(BeZero())
}

func TestAnOwnerWithoutASecretIsNotWaitedFor(t *testing.T) {
	f := newStandby(t)
	f.Members = []string{"eu"}
	f.TakeOver()
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(v1alpha1.CommitStatusStatus{Owner: "us/team-a/build"})))
	f.G.Expect(f.Claimed().Wait).To(BeZero())
}

func TestANewKeyIsLookedUpWhileAMemberThatMayKnowItIsUnheard(t *testing.T) {
	f := newFleet(t)
	f.Members = []string{"eu", "us"}
	f.Hear("eu", ledgertest.CommitStatus())
	job := f.Claimed()
	f.G.Expect(job.Plan()).To(Equal(ledger.ActFind))
}

func TestAGitRepoThatTheNewEngagementDoesNotListIsGone(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	token := f.Engage("eu", time.Time{})
	f.SetObject("eu", token, ledgertest.CommitStatus())
	f.Synced("eu", token)
	patch, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(patch.Status.SyncFailure.Message).To(ContainSubstring(`GitRepo "shop" was not found`))
}

func TestAStandbyRemembersNoReleasedKeys(t *testing.T) {
	f := newStandby(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.RemoveObject("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	f.G.Expect(f.Count().Keys).To(BeZero())
}

func TestARestartPatchesNothingThatIsRight(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	patch, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())

	again := newFleet(t)
	again.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(patch.Status)))
	again.Settled(ledgertest.Key, again.Claimed())
	_, ok = again.Patch(ledgertest.ID("eu"))
	again.G.Expect(ok).To(BeFalse())
}

func TestAStaleWatchEventPatchesNothingAgain(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
	patch, _ := f.Patch(ledgertest.ID("eu"))
	f.Patched(patch, "5")
	version := func(v string, s v1alpha1.CommitStatusStatus) *v1alpha1.CommitStatus {
		return ledgertest.CommitStatus(ledgertest.Told(s), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = v })
	}
	f.SetObject("eu", f.Token["eu"], version("3", v1alpha1.CommitStatusStatus{}))
	_, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeFalse(), "the event is older than the patch")
	f.SetObject("eu", f.Token["eu"], version("6", v1alpha1.CommitStatusStatus{IsSynced: false}))
	_, ok = f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue(), "somebody else wrote the status since")
}

func TestLedgerSetObject_BelievesAMemberThatWasRestoredFromABackup(t *testing.T) {
	written := v1alpha1.CommitStatusStatus{}
	version := func(v string) *v1alpha1.CommitStatus {
		return ledgertest.CommitStatus(ledgertest.Told(written), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = v })
	}
	for name, tt := range map[string]struct{ before, after string }{
		"to an older version":                      {"500", "221"},
		"to the version from before the patch":     {"500", "500"},
		"to an older version of a greater length":  {"1000", "999"},
		"to a version that comes before the patch": {"636", "222"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", version(tt.before))
			f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("queued"), true)
			patch, _ := f.Patch(ledgertest.ID("eu"))
			f.Patched(patch, "1637")
			_, ok := f.Patch(ledgertest.ID("eu"))
			f.G.Expect(ok).To(BeFalse())
			f.SetObject("eu", f.Token["eu"], version(tt.after))
			again, ok := f.Patch(ledgertest.ID("eu"))
			f.G.Expect(ok).To(BeTrue(), "the status that was patched is gone")
			f.G.Expect(again.Version).To(Equal(tt.after))
		})
	}
}

func TestLedgerSetLateObject_LooksUpWhatAHubBeforeMayHaveWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		set    func(*fleet, *v1alpha1.CommitStatus)
		action ledger.Action
	}{
		"a new CommitStatus is created": {func(f *fleet, cs *v1alpha1.CommitStatus) { f.SetObject("eu", f.Token["eu"], cs) }, ledger.ActCreate},
		"one of a namespace that could not be listed is looked up": {func(f *fleet, cs *v1alpha1.CommitStatus) {
			f.SetLateObject("eu", f.Token["eu"], cs)
		}, ledger.ActFind},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStandby(t)
			f.Members = []string{"eu"}
			f.TakeOver()
			f.Hear("eu")
			f.Clock.Step(2 * ledger.TakeOverWindow)
			tt.set(f, ledgertest.CommitStatus())
			job := f.Claimed()
			f.G.Expect(job.Plan()).To(Equal(tt.action))
		})
	}
}

func TestLedgerHideRepo_ForgetsAGitRepoThatNothingNames(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus())
	f.HideRepo("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "shop"})
	f.G.Expect(f.Repos("eu")).To(Equal(1))
	f.RemoveObject("eu", f.Token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	f.G.Expect(f.Repos("eu")).To(BeZero())
}

func TestArbitrate_WaitsForNoOwnerThatNoGrantCovers(t *testing.T) {
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		waits string
	}{
		"it may claim":     {ledgertest.Grant("ap", "**"), "ap"},
		"it may not claim": {ledgertest.Grant("ap", "acme/tools"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newStandby(t)
			f.TakeOver()
			f.Members = []string{"eu", "ap"}
			f.SetScmProvider("acme", ledgertest.ScmProvider(ledgertest.Grant("eu", "**"), c.grant))
			status := ledgertest.StatusWith("success", 7)
			status.Owner = "ap/team-a/build"
			f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("failure"), ledgertest.Told(status)))
			f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal(c.waits))
		})
	}
}

func TestSeal_ProvesNoRunThatIsForeign(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		f := newFleet(t)
		f.Seals.Set([]byte("the first key, of 32 bytes......"), nil)
		f.Hear("eu", ledgertest.CommitStatus())
		shown := ledgertest.Shows("queued")
		shown.Foreign = foreign
		f.Showed(ledgertest.Key, f.Claimed(), shown, false)
		f.G.Expect(f.Published("eu").Provider.Seal == "").To(Equal(foreign))
	}
}

func TestAStatusThatKnowsLessThanThisProcessDidIsLookedInto(t *testing.T) {
	for name, c := range map[string]struct {
		found *providers.Shown
		want  ledger.Action
	}{
		"what is told was seen":     {ledgertest.Shows("queued"), ledger.ActNothing},
		"nothing was there by then": {nil, ledger.ActFind},
		"something else was there":  {ledgertest.Shows("failure"), ledger.ActFind},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 4711))))
			f.Showed(ledgertest.Key, f.Claimed(), c.found, false)
			f.Disengage("eu", f.Token["eu"])
			f.Clock.Step(ledger.ReleaseDelay)
			f.Job(ledgertest.Key)
			f.G.Expect(f.Count().Keys).To(BeZero())

			f.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 4711))))
			job := f.Claimed()
			f.G.Expect(job.Plan()).To(Equal(c.want))
		})
	}
}
