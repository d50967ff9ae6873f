package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

var testKey = Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: testSHA, Name: "build"}

// fleet is a ledger with a usable ScmProvider and a clock that tests own.
type fleet struct {
	*Ledger
	g     *WithT
	now   *clocktesting.FakeClock
	token map[string]uint64
	// members are the clusters that have a Secret.
	members []string
	counted Saved
}

func newFleet(t *testing.T) *fleet {
	t.Helper()
	now := clocktesting.NewFakeClock(time.Unix(10_000, 0))
	f := &fleet{g: NewWithT(t), now: now, token: map[string]uint64{}}
	f.Ledger = New(Options{
		Clock: now, UnsyncedGrace: 15 * time.Minute,
		Fleet: func() ([]string, bool) { return f.members, true },
	})
	f.SetScmProvider("acme", testSCM(allowAll()))
	f.Loaded()
	f.Begin(Predecessor{})
	f.now.Step(2 * takeOverWindow)
	return f
}

// takeOver lets the fleet's hub begin to write now.
func (f *fleet) takeOver() {
	f.started = time.Time{}
	f.Begin(Predecessor{Led: true})
}

// tell engages a cluster and tells its GitRepo and CommitStatuses.
func (f *fleet) tell(cluster string, objects ...*v1alpha1.CommitStatus) {
	f.token[cluster] = f.Engage(cluster, time.Time{})
	f.SetRepo(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, testRepo())
	for _, o := range objects {
		if cluster != "eu" {
			o.UID = types.UID("uid-in-" + cluster)
		}
		f.SetObject(cluster, f.token[cluster], o)
	}
}

func (f *fleet) hear(cluster string, objects ...*v1alpha1.CommitStatus) Changes {
	f.tell(cluster, objects...)
	return f.Synced(cluster, f.token[cluster])
}

// Job advances a key to now, as a worker does first, and returns what is to be done about it.
func (f *fleet) Job(key Key) (Job, time.Duration, bool) {
	f.Advance(key)
	return f.Ledger.Job(key)
}

// Route advances a key to now, as the hub does when it adds a key, and returns where it waits.
func (f *fleet) Route(key Key) ratelimit.Route {
	f.Advance(key)
	return f.Ledger.Route(key)
}

func (f *fleet) job() Job {
	job, _, ok := f.Job(testKey)
	f.g.Expect(ok).To(BeTrue())
	return job
}

// published returns the status that is published to a cluster now, nil for none,
// and lets its member have it. A conflict that it tells of lasts.
func (f *fleet) published(cluster string) *v1alpha1.CommitStatusStatus {
	f.g.THelper()
	patch, ok := f.Patch(idIn(cluster))
	if !ok {
		return nil
	}
	statustest.ExpectInvariants(f.g, patch.Status, patch.Source.Generation)
	f.Patched(patch, "100")
	if InConflict(patch.Status) {
		f.ConflictLasted(patch)
	}
	return &patch.Status
}

func readyOf(s *v1alpha1.CommitStatusStatus) metav1.Condition {
	if s == nil {
		return metav1.Condition{}
	}
	return *apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
}

func shows(phase v1alpha1.Phase) *providers.Shown {
	return &providers.Shown{
		Status: providers.Status{Phase: phase},
		Handle: v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 4711}},
	}
}

func createdAt(sec int64) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.CreationTimestamp = metav1.NewTime(time.Unix(sec, 0)) }
}

func wants(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase }
}

func told(s v1alpha1.CommitStatusStatus) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Status = s }
}

func statusWith(phase v1alpha1.Phase, id int64) v1alpha1.CommitStatusStatus {
	return v1alpha1.CommitStatusStatus{
		ScmProvider: "acme", Repo: "github.com/acme/shop", SHA: testSHA, Name: "build", Phase: phase,
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: id}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, ObservedGeneration: 1,
		}},
	}
}

const movedSHA = "fedcba9876543210fedcba9876543210fedcba98"

var movedKey = Key{Kind: "github", Host: "github.com", Repository: "acme/shop", SHA: movedSHA, Name: "build"}

func on(sha string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = sha }
}

// edit changes a cluster's CommitStatus.
func (f *fleet) edit(cluster string, edit ...func(*v1alpha1.CommitStatus)) {
	cs := testStatus(edit...)
	cs.UID = f.objectAt(idIn(cluster)).source.UID
	f.SetObject(cluster, f.token[cluster], cs)
}

func TestClaimsOfAMemberCountOnceItIsHeard(t *testing.T) {
	f := newFleet(t)
	f.tell("eu", testStatus())
	_, _, ok := f.Job(testKey)
	f.g.Expect(ok).To(BeFalse(), "the rest of the member's claims may change the verdict")
	_, ok = f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeFalse(), "nothing is published before")
	changes := f.Synced("eu", f.token["eu"])
	f.g.Expect(changes.Keys).To(ConsistOf(testKey))
	f.g.Expect(f.job().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseQueued))
}

func TestNothingIsToldBeforeTheScmProvidersAreLoaded(t *testing.T) {
	f := newFleet(t)
	f.loaded = false
	f.SetScmProvider("acme", nil)
	f.hear("eu", testStatus())
	_, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeFalse())
	f.SetScmProvider("acme", testSCM(allowAll()))
	f.g.Expect(f.Loaded().Keys).To(ConsistOf(testKey))
	f.g.Expect(f.job().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseQueued))
}

func TestClustersShareAKey(t *testing.T) {
	f := newFleet(t)
	for _, cluster := range []string{"eu", "us", "local"} {
		f.hear(cluster, testStatus())
	}
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActCreate))
	changes := f.Showed(testKey, job, shows("queued"), true)
	f.g.Expect(changes.Objects).To(ConsistOf(idIn("eu"), idIn("us"), idIn("local")))
	job = f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActNothing))
	for _, cluster := range []string{"eu", "us", "local"} {
		patch, ok := f.Patch(idIn(cluster))
		f.g.Expect(ok).To(BeTrue())
		f.g.Expect(patch.Status.Provider.GitHub.CheckRunID).To(BeEquivalentTo(4711))
		f.g.Expect(patch.Status.IsSynced).To(BeTrue())
	}
}

func TestARestartBelievesWhatTheMembersAgreeOn(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(told(statusWith("queued", 7))))
	f.hear("us", testStatus(told(statusWith("queued", 7))))
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActNothing))
	f.g.Expect(job.Observation.Certain()).To(BeFalse(), "a run that a member names is looked up before it is patched")
}

func TestOnlyTheOwnersStatusIsBelieved(t *testing.T) {
	f := newFleet(t)
	f.tell("us", testStatus(createdAt(2000), told(statusWith("queued", 999))))
	f.hear("eu", testStatus(createdAt(1000)))
	f.Synced("us", f.token["us"])
	job := f.job()
	f.g.Expect(job.Verdict.Owner.Object.Cluster).To(Equal("eu"))
	f.g.Expect(job.Observation.Shown).To(BeNil(), "us may have forged it")
}

func TestWhatAnotherScmProviderWroteIsLookedUp(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	f.g.Expect(f.job().Observation.Certain()).To(BeTrue())
	f.entryOf(testKey).Shown = shows("success")
	f.entryOf(testKey).via = testSCM()
	f.entryOf(testKey).via.account = otherWriter{}
	f.g.Expect(f.job().Observation.Certain()).To(BeFalse())
}

func TestAKeyThatIsClaimedAgainLaterIsLookedUp(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("success"), true)
	f.RemoveObject("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	f.now.Step(releaseDelay)
	f.Job(testKey)
	f.g.Expect(f.keys).To(BeZero())
	f.SetObject("eu", f.token["eu"], testStatus())
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActFind))
}

func TestAnOwnerOfAnotherKeyIsNotWaitedFor(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	moved := statusWith("failure", 7)
	moved.SHA, moved.Owner = "another", "us/team-a/build"
	f.hear("eu", testStatus(told(moved)))
	f.g.Expect(f.job().Verdict.WaitFor).To(BeEmpty())
}

func TestARemovedMemberWakesWhoWaitsForIt(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	loser := statusWith("failure", 7)
	loser.Owner = "us/team-a/build"
	f.hear("eu", testStatus(wants("success"), told(loser)))
	f.g.Expect(f.job().Verdict.WaitFor).To(Equal("us"))
	f.tell("us")
	f.g.Expect(f.Disengage("us", f.token["us"]).Keys).To(ContainElement(testKey))
}

func TestKeysFirstSeenAfterATakeOverAreLookedUp(t *testing.T) {
	f := newFleet(t)
	f.takeOver()
	f.hear("eu", testStatus())
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActFind))
}

func TestAFailureStandsUntilItsTimeOrAChange(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	_, delay := f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.g.Expect(delay).To(Equal(10 * time.Minute))
	f.g.Expect(f.job().Wait).To(Equal(10*time.Minute), "nothing is called before")

	f.SetObject("eu", f.token["eu"], testStatus(wants("success")))
	f.g.Expect(f.job().Wait).To(BeZero(), "the claim changed")

	f.Failed(testKey, f.job(), f.now.Now(), providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository"))
	f.g.Expect(f.job().Wait).NotTo(BeZero())
	changes := f.SetScmProvider("acme", testSCM(allowAll()))
	f.g.Expect(changes.Keys).To(ContainElement(testKey))
	f.g.Expect(f.job().Wait).To(BeZero(), "the ScmProvider or its Secret changed")
}

func TestALostAnswerHasTimeToSettle(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Failed(testKey, f.job(), f.now.Now(), &providers.Error{Reason: v1alpha1.ReasonUnavailable, Message: "timeout", Unknown: true})
	f.now.Step(time.Second)
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActFind))
	f.g.Expect(job.Settle).To(Equal(14 * time.Second))
	f.now.Step(14 * time.Second)
	f.g.Expect(f.job().Settle).To(BeZero())
}

func TestAWithdrawnGrantTakesTheClaimAway(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.SetScmProvider("acme", testSCM())
	_, _, ok := f.Job(testKey)
	f.g.Expect(ok).To(BeFalse())
	patch, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())
	f.g.Expect(patch.Status.SyncFailure.Message).To(ContainSubstring("no grant"))
}

func TestALatePurgeSparesAReengagedMember(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	old := f.token["eu"]
	f.tell("eu")
	f.g.Expect(f.Disengage("eu", old).Keys).To(BeEmpty())
	f.g.Expect(f.job().Verdict.Owner.Object.Cluster).To(Equal("eu"), "its claims stay until the new engagement is heard")
	f.Synced("eu", f.token["eu"])
	_, wait, ok := f.Job(testKey)
	f.g.Expect(ok).To(BeFalse(), "the new engagement did not list it")
	f.g.Expect(wait).To(Equal(releaseDelay))
}

func TestOthersTakeOverFromARemovedMember(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("failure")))
	f.hear("us", testStatus(createdAt(2), wants("success")))
	f.g.Expect(f.job().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseFailure))
	f.g.Expect(f.Disengage("eu", f.token["eu"]).Keys).To(ContainElement(testKey))
	f.g.Expect(f.job().Verdict.Want.Phase).To(Equal(v1alpha1.PhaseSuccess))
}

func TestAKeyIsRememberedWhileAnObjectIsReplaced(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	name := types.NamespacedName{Namespace: "team-a", Name: "build"}
	f.RemoveObject("eu", f.token["eu"], name, Deleted)
	f.now.Step(time.Second)
	_, wait, _ := f.Job(testKey)
	f.g.Expect(wait).To(Equal(14 * time.Second))
	f.SetObject("eu", f.token["eu"], testStatus(func(cs *v1alpha1.CommitStatus) { cs.UID = "uid-2" }))
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActNothing))

	f.Showed(testKey, job, shows("success"), true)
	f.RemoveObject("eu", f.token["eu"], name, Deleted)
	f.now.Step(releaseDelay)
	f.Job(testKey)
	f.g.Expect(f.keys).To(BeZero())
	f.g.Expect(f.commits).To(BeEmpty())
}

func TestTheLedgerForgetsWhatIsGone(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Disengage("eu", f.token["eu"])
	f.now.Step(releaseDelay)
	f.Job(testKey)
	f.g.Expect(f.uids).To(BeEmpty())
	f.g.Expect(f.keys).To(BeZero())
	f.g.Expect(f.Ledger.members).To(BeEmpty())
}

func TestAnUnheardOwnerHoldsTheKeyForTheGraceOnly(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	loser := testStatus(wants("success"), told(func() v1alpha1.CommitStatusStatus {
		s := statusWith("failure", 7)
		s.Owner = "us/team-a/build"
		return s
	}()))
	f.hear("eu", loser)
	f.g.Expect(f.job().Wait).To(Equal(unsyncedCheck))
	_, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeFalse())
	f.now.Step(15 * time.Minute)
	f.g.Expect(f.job().Wait).To(BeZero())
}

func TestAnOwnerWithoutASecretIsNotWaitedFor(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu"}
	f.takeOver()
	f.hear("eu", testStatus(wants("success"), told(v1alpha1.CommitStatusStatus{Owner: "us/team-a/build"})))
	f.g.Expect(f.job().Wait).To(BeZero())
}

func TestANewKeyIsLookedUpWhileAMemberThatMayKnowItIsUnheard(t *testing.T) {
	f := newFleet(t)
	f.members = []string{"eu", "us"}
	f.hear("eu", testStatus())
	job := f.job()
	f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(ActFind))
}

func TestAGitRepoThatTheNewEngagementDoesNotListIsGone(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	token := f.Engage("eu", time.Time{})
	f.SetObject("eu", token, testStatus())
	f.Synced("eu", token)
	patch, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())
	f.g.Expect(patch.Status.SyncFailure.Message).To(ContainSubstring("GitRepo shop does not exist"))
}

func TestAStandbyRemembersNoReleasedKeys(t *testing.T) {
	f := newFleet(t)
	f.started = time.Time{}
	f.hear("eu", testStatus())
	f.RemoveObject("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	f.g.Expect(f.keys).To(BeZero())
}

func TestARestartPatchesNothingThatIsRight(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	patch, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())

	again := newFleet(t)
	again.hear("eu", testStatus(told(patch.Status)))
	again.Settled(testKey, again.job())
	_, ok = again.Patch(idIn("eu"))
	again.g.Expect(ok).To(BeFalse())
}

func TestAStaleWatchEventPatchesNothingAgain(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.Showed(testKey, f.job(), shows("queued"), true)
	patch, _ := f.Patch(idIn("eu"))
	f.Patched(patch, "5")
	version := func(v string, s v1alpha1.CommitStatusStatus) *v1alpha1.CommitStatus {
		return testStatus(told(s), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = v })
	}
	f.SetObject("eu", f.token["eu"], version("3", v1alpha1.CommitStatusStatus{}))
	_, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeFalse(), "the event is older than the patch")
	f.SetObject("eu", f.token["eu"], version("6", v1alpha1.CommitStatusStatus{IsSynced: false}))
	_, ok = f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue(), "somebody else wrote the status since")
}

func TestLedgerSetObject_BelievesAMemberThatWasRestoredFromABackup(t *testing.T) {
	written := v1alpha1.CommitStatusStatus{}
	version := func(v string) *v1alpha1.CommitStatus {
		return testStatus(told(written), func(cs *v1alpha1.CommitStatus) { cs.ResourceVersion = v })
	}
	for name, tt := range map[string]struct{ before, after string }{
		"to an older version":                      {"500", "221"},
		"to the version from before the patch":     {"500", "500"},
		"to an older version of a greater length":  {"1000", "999"},
		"to a version that comes before the patch": {"636", "222"},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.hear("eu", version(tt.before))
			f.Showed(testKey, f.job(), shows("queued"), true)
			patch, _ := f.Patch(idIn("eu"))
			f.Patched(patch, "1637")
			_, ok := f.Patch(idIn("eu"))
			f.g.Expect(ok).To(BeFalse())
			f.SetObject("eu", f.token["eu"], version(tt.after))
			again, ok := f.Patch(idIn("eu"))
			f.g.Expect(ok).To(BeTrue(), "the status that was patched is gone")
			f.g.Expect(again.Version).To(Equal(tt.after))
		})
	}
}

func TestLedgerSetLateObject_LooksUpWhatAHubBeforeMayHaveWritten(t *testing.T) {
	for name, tt := range map[string]struct {
		set    func(*fleet, *v1alpha1.CommitStatus)
		action Action
	}{
		"a new CommitStatus is created": {func(f *fleet, cs *v1alpha1.CommitStatus) { f.SetObject("eu", f.token["eu"], cs) }, ActCreate},
		"one of a namespace that could not be listed is looked up": {func(f *fleet, cs *v1alpha1.CommitStatus) {
			f.SetLateObject("eu", f.token["eu"], cs)
		}, ActFind},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFleet(t)
			f.members = []string{"eu"}
			f.takeOver()
			f.hear("eu")
			f.now.Step(2 * takeOverWindow)
			tt.set(f, testStatus())
			job := f.job()
			f.g.Expect(plan(job.Account, job.Observation, job.Verdict.Want)).To(Equal(tt.action))
		})
	}
}

func TestLedgerHideRepo_ForgetsAGitRepoThatNothingNames(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus())
	f.HideRepo("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "shop"})
	f.g.Expect(f.Ledger.members["eu"].repos).NotTo(BeEmpty())
	f.RemoveObject("eu", f.token["eu"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	f.g.Expect(f.Ledger.members["eu"].repos).To(BeEmpty())
}
