package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// newJointFleet is a fleet whose ScmProvider aggregates.
func newJointFleet(t *testing.T) *fleet {
	f := newFleet(t)
	f.aggregate(true)
	return f
}

func (f *fleet) aggregate(on bool) Changes {
	s := testSCM(allowAll())
	s.aggregate = on
	return f.SetScmProvider("acme", s)
}

// put changes what a cluster's CommitStatus wants.
func (f *fleet) put(cluster string, edit ...func(*v1alpha1.CommitStatus)) {
	cs := testStatus(edit...)
	cs.UID = f.objectAt(idIn(cluster)).source.UID
	f.SetObject(cluster, f.token[cluster], cs)
	f.Route(testKey)
}

// show has what is wanted now written in full.
func (f *fleet) show() {
	f.g.THelper()
	job := f.job()
	f.g.Expect(job.Wait).To(BeZero())
	f.Showed(testKey, job, &providers.Shown{Status: job.Verdict.Want, Handle: shows("queued").Handle}, true)
}

func (f *fleet) action() Action {
	job := f.job()
	return plan(job.Account, job.Observation, job.Verdict.Want)
}

func TestClaimsThatAreShownTogetherAreToldSo(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("in_progress")))
	f.show()
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced), "alone it is as with Oldest")
	f.hear("us", testStatus(createdAt(2), wants("success")))
	f.hear("ap", testStatus(createdAt(3), wants("failure")))
	f.show()
	for cluster, message := range map[string]string{
		"eu": "github.com shows failure for all claims together; here it is in_progress; failure comes from ap/team-a/build",
		"us": "github.com shows failure for all claims together; here it is success; failure comes from ap/team-a/build",
		"ap": `github.com shows the description "1 of 3 failed" for all claims together; here it is the description ""; failure comes from ap/team-a/build`,
	} {
		status := f.published(cluster)
		ready := readyOf(status)
		f.g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonAggregated), cluster)
		f.g.Expect(ready.Status).To(Equal(metav1.ConditionTrue), cluster)
		f.g.Expect(ready.Message).To(Equal(message), cluster)
		f.g.Expect(status.IsSynced).To(BeFalse(), cluster)
		f.g.Expect(status.SyncFailure).To(BeNil(), cluster)
		f.g.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure), cluster)
		f.g.Expect(status.Description).To(Equal("1 of 3 failed"), cluster)
		if cluster == "eu" {
			f.g.Expect(status.Owner).To(BeEmpty())
		} else {
			f.g.Expect(status.Owner).To(Equal("eu/team-a/build"), cluster)
		}
	}
}

func TestWhoWantsWhatIsShownForAllIsSynced(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("success"), func(cs *v1alpha1.CommitStatus) {
		cs.Spec.Description = "all 2 succeeded"
	}))
	f.show()
	us := f.published("us")
	f.g.Expect(readyOf(us).Reason).To(Equal(v1alpha1.ReasonSynced))
	f.g.Expect(us.Owner).To(Equal("eu/team-a/build"), "synced or not")
	f.g.Expect(readyOf(f.published("eu")).Message).To(Equal(
		`github.com shows the description "all 2 succeeded" for all claims together; here it is the description ""`))
}

func TestOneWriteForEachChangeOfTheCount(t *testing.T) {
	f := newJointFleet(t)
	for i, cluster := range []string{"eu", "us", "ap"} {
		f.hear(cluster, testStatus(createdAt(int64(i)), wants("in_progress")))
	}
	f.show()
	f.put("us", createdAt(1), wants("success"))
	f.g.Expect(f.job().Verdict.Want).To(Equal(providers.Status{Phase: "in_progress", Description: "2 of 3 in progress"}))
	f.g.Expect(f.action()).To(Equal(ActUpdate))
	f.show()
	f.put("us", createdAt(1), wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "other words" })
	f.g.Expect(f.action()).To(Equal(ActNothing), "nothing changes of what is shown")
}

func TestTheLastOfManyIsShownAsItIs(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.show()
	f.published("eu")
	f.published("us")
	f.Disengage("us", f.token["us"])
	f.g.Expect(f.job().Verdict.Want).To(Equal(providers.Status{Phase: "success"}))
	f.show()
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestAnotherPolicyTakesEffectAtOnce(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.show()
	f.published("eu")
	f.g.Expect(readyOf(f.published("us")).Reason).To(Equal(v1alpha1.ReasonConflict))
	f.g.Expect(f.Count().Conflicting).To(Equal(1))

	changes := f.aggregate(true)
	f.g.Expect(changes.Keys).To(ContainElement(testKey))
	f.g.Expect(changes.Objects).To(ContainElements(idIn("eu"), idIn("us")))
	f.g.Expect(f.job().Verdict.Want).To(Equal(providers.Status{Phase: "failure", Description: "1 of 2 failed"}))
	f.show()
	f.g.Expect(readyOf(f.published("eu")).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.g.Expect(readyOf(f.published("us")).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.g.Expect(f.Count().Conflicting).To(BeZero())

	f.g.Expect(f.aggregate(false).Keys).To(ContainElement(testKey))
	f.g.Expect(f.job().Verdict.Want).To(Equal(providers.Status{Phase: "success"}))
	f.show()
	f.g.Expect(readyOf(f.published("us")).Reason).To(Equal(v1alpha1.ReasonConflict))
}

func TestThePolicyIsReadFromTheScmProvider(t *testing.T) {
	for policy, want := range map[v1alpha1.ConflictPolicy]bool{"": false, v1alpha1.ConflictOldest: false, v1alpha1.ConflictAggregate: true} {
		g := NewWithT(t)
		spec := v1alpha1.ScmProviderSpec{GitHub: &v1alpha1.GitHubSpec{}, ConflictPolicy: policy}
		s := CompileScmProvider(providers.NewRegistry(fakeKind{}), &v1alpha1.ScmProvider{Spec: spec}, map[string][]byte{})
		g.Expect(s.Problem).NotTo(HaveOccurred())
		g.Expect(s.aggregate).To(Equal(want), string(policy))
	}
}

func TestALaneHasWhatIsShownForAllByItsPhase(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("queued")))
	f.g.Expect(f.Route(testKey).Priority).To(Equal(ratelimit.PriorityQueued))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.g.Expect(f.Route(testKey).Priority).To(Equal(ratelimit.PriorityTerminal))
	f.g.Expect(f.Route(testKey).Cluster).To(Equal("eu"))
}

func TestAFailureThatIsCountedIsNotOverruled(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.show()
	f.published("eu")
	f.published("us")
	f.g.Expect(f.Count().Overruled).To(BeZero())
	f.g.Expect(f.Count().Conflicting).To(BeZero())
}

func TestClaimsThatAreShownTogetherSaveTheirWritesOnce(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("in_progress")))
	f.hear("us", testStatus(createdAt(2), wants("in_progress")))
	f.hear("ap", testStatus(createdAt(3), wants("in_progress")))
	f.show()
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 2}), "three claims, one write")
	f.put("eu", createdAt(1), wants("success"))
	f.show()
	f.g.Expect(f.saved()).To(Equal(Saved{}), "one change, one write")
	f.put("us", createdAt(2), wants("success"))
	f.put("ap", createdAt(3), wants("success"))
	f.show()
	f.g.Expect(f.saved()).To(Equal(Saved{Coalesced: 1}), "two changes, one write")
	f.put("ap", createdAt(3), wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "other words" })
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{Duplicate: 1}), "one change, no write")
	f.Settled(testKey, f.job())
	f.g.Expect(f.saved()).To(Equal(Saved{}))
}

func TestLedgerPatch_TellsAClaimOfAnAggregate(t *testing.T) {
	f := newJointFleet(t)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	f.show()
	patch, ok := f.Patch(idIn("eu"))
	f.g.Expect(ok).To(BeTrue())
	f.g.Expect(readyOf(&patch.Status).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.g.Expect(readyOf(&patch.Status).Message).To(HavePrefix("github.com shows failure"))
}

// recorded is a status that tells of an aggregate, as a member has it at a restart.
func recorded(phase v1alpha1.Phase, description string) func(*v1alpha1.CommitStatus) {
	s := statusWith(phase, 7)
	s.Description = description
	return told(s)
}

func TestARestartRepeatsNoAggregate(t *testing.T) {
	f := newJointFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(f.job().Verdict.WaitFor).To(Equal("us"))
	f.g.Expect(f.job().Wait).To(Equal(unsyncedCheck))
	f.g.Expect(f.published("eu")).To(BeNil())
	changes := f.hear("us", testStatus(createdAt(2), wants("failure"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(changes.Keys).To(ContainElement(testKey))
	f.g.Expect(f.job().Wait).To(BeZero())
	f.g.Expect(f.action()).To(Equal(ActNothing))
}

func TestAnUnheardMemberHoldsAnAggregateForTheGraceOnly(t *testing.T) {
	f := newJointFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(f.job().Wait).NotTo(BeZero())
	f.now.Step(15 * time.Minute)
	f.g.Expect(f.job().Wait).To(BeZero())
}

func TestAnUnheardMemberDoesNotHoldUpAFailure(t *testing.T) {
	f := newJointFleet(t)
	f.members = []string{"eu", "us"}
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("failure"), recorded("in_progress", "all 2 in progress")))
	f.show()
	failed := *f.published("eu")
	f.g.Expect(failed.Phase).To(Equal(v1alpha1.PhaseFailure))

	f.put("eu", createdAt(1), wants("success"), told(failed))
	f.g.Expect(f.job().Verdict.WaitFor).To(Equal("us"), "us may have failed as well, although nothing tells of it any more")
}

func TestMembersThatMayStillTurnUpAreWaitedFor(t *testing.T) {
	f := newJointFleet(t)
	complete := false
	f.Ledger.fleet = func() ([]string, bool) { return []string{"eu"}, complete }
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(f.job().Wait).To(Equal(unsyncedCheck))
	complete = true
	f.g.Expect(f.job().Wait).To(BeZero())
}

func TestAnAggregateIsBelievedOnlyWhereAllStatusesAgree(t *testing.T) {
	f := newJointFleet(t)
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("failure", "1 of 2 failed")))
	f.hear("us", testStatus(createdAt(2), wants("failure"), recorded("success", "all 2 succeeded")))
	f.g.Expect(f.action()).To(Equal(ActFind), "eu may have forged its status to hide the failure of us")
	f.g.Expect(f.published("eu")).To(BeNil())
	f.show()
	f.g.Expect(f.action()).To(Equal(ActNothing))
	f.put("us", createdAt(2), wants("failure"), recorded("success", "all 2 succeeded"))
	f.g.Expect(f.action()).To(Equal(ActNothing), "it was read since")
}

func TestAStatusThatDisagreesLaterIsHeardToo(t *testing.T) {
	f := newJointFleet(t)
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("success", "")))
	f.g.Expect(f.action()).To(Equal(ActNothing))
	f.hear("us", testStatus(createdAt(2), wants("success"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(f.action()).To(Equal(ActFind))
	f.RemoveObject("us", f.token["us"], types.NamespacedName{Namespace: "team-a", Name: "build"}, Deleted)
	f.g.Expect(f.action()).To(Equal(ActFind), "what was doubted is read once")
}

func TestADoubtedKeyIsNotTakenForNew(t *testing.T) {
	f := newJointFleet(t)
	f.tell("eu", testStatus(createdAt(1), wants("success")))
	f.tell("us", testStatus(createdAt(2), wants("failure"), recorded("failure", "")))
	f.Synced("eu", f.token["eu"])
	f.Synced("us", f.token["us"])
	f.g.Expect(f.action()).To(Equal(ActFind))
}

func TestStatusesOfAnUnheardMemberNeitherAgreeNorDisagree(t *testing.T) {
	f := newJointFleet(t)
	f.takeOver()
	f.tell("us", testStatus(createdAt(3), wants("success"), recorded("failure", "1 of 2 failed")))
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("success", "all 2 succeeded")))
	f.hear("ap", testStatus(createdAt(2), wants("success"), recorded("success", "all 2 succeeded")))
	f.g.Expect(f.action()).To(Equal(ActNothing))
}

func TestUnheardMembersAreWaitedForByName(t *testing.T) {
	f := newJointFleet(t)
	f.members = []string{"us", "eu", "ap", "sa"}
	f.takeOver()
	f.hear("eu", testStatus(createdAt(1), wants("success"), recorded("failure", "1 of 2 failed")))
	f.g.Expect(f.job().Verdict.WaitFor).To(Equal("ap"))
	f.g.Expect(f.hear("ap").Keys).To(ContainElement(testKey), "it waits for the next one now")
	f.g.Expect(f.job().Verdict.WaitFor).To(Equal("sa"))
}

func TestOnlyTheOldestClaimsPolicySaysWhatIsAConflict(t *testing.T) {
	f := newJointFleet(t)
	other := testSCM(allowAll())
	other.name = "oldest-wins"
	f.SetScmProvider(other.name, other)
	f.hear("eu", testStatus(createdAt(1), wants("success")))
	f.hear("us", testStatus(createdAt(2), wants("failure")))
	repo := testRepo()
	repo.Spec.ScmProviderRef.Name = other.name
	through := func(cluster string, repo *v1alpha1.GitRepo) {
		f.SetRepo(cluster, f.token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo)
	}
	through("us", repo)
	for range 20 {
		f.g.Expect(f.Count().Conflicting).To(BeZero(), "eu's aggregates")
	}
	through("us", testRepo())
	through("eu", repo)
	for range 20 {
		f.g.Expect(f.Count().Conflicting).To(Equal(1), "eu's does not")
	}
}
