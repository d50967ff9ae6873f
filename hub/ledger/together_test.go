package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// newJointFleet is a fleet whose ScmProvider aggregates.
func newJointFleet(t *testing.T) *fleet {
	f := newFleet(t)
	f.aggregate(true)
	return f
}

// takingOverJointly is a fleet that takes over, whose ScmProvider aggregates.
func takingOverJointly(t *testing.T, members ...string) *fleet {
	f := newStandby(t)
	f.aggregate(true)
	f.Members = members
	f.TakeOver()
	return f
}

func (f *fleet) aggregate(on bool) ledger.Changes {
	return f.SetScmProvider("acme", ledgertest.Opened(nil, ledgertest.Aggregating(on)))
}

// put changes what a cluster's CommitStatus wants.
func (f *fleet) put(cluster string, edit ...func(*v1alpha1.CommitStatus)) {
	f.Edit(cluster, edit...)
	f.Route(ledgertest.Key)
}

func (f *fleet) action() ledger.Action {
	return f.Claimed().Plan()
}

func TestClaimsThatAreShownTogetherAreToldSo(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("in_progress")))
	f.show()
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced), "alone it is as with Oldest")
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success")))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("failure")))
	f.show()
	for cluster, message := range map[string]string{
		"eu": "github.com shows failure for all claims together; here it is in_progress; failure comes from ap/team-a/build",
		"us": "github.com shows failure for all claims together; here it is success; failure comes from ap/team-a/build",
		"ap": `github.com shows the description "1 of 3 failed" for all claims together; here it is the description ""; failure comes from ap/team-a/build`,
	} {
		status := f.Published(cluster)
		ready := ledgertest.ReadyOf(status)
		f.G.Expect(ready.Reason).To(Equal(v1alpha1.ReasonAggregated), cluster)
		f.G.Expect(ready.Status).To(Equal(metav1.ConditionTrue), cluster)
		f.G.Expect(ready.Message).To(Equal(message), cluster)
		f.G.Expect(status.IsSynced).To(BeFalse(), cluster)
		f.G.Expect(status.SyncFailure).To(BeNil(), cluster)
		f.G.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure), cluster)
		f.G.Expect(status.Description).To(Equal("1 of 3 failed"), cluster)
		if cluster == "eu" {
			f.G.Expect(status.Owner).To(BeEmpty())
		} else {
			f.G.Expect(status.Owner).To(Equal("eu/team-a/build"), cluster)
		}
	}
}

func TestWhoWantsWhatIsShownForAllIsSynced(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success"), func(cs *v1alpha1.CommitStatus) {
		cs.Spec.Description = "all 2 succeeded"
	}))
	f.show()
	us := f.Published("us")
	f.G.Expect(ledgertest.ReadyOf(us).Reason).To(Equal(v1alpha1.ReasonSynced))
	f.G.Expect(us.Owner).To(Equal("eu/team-a/build"), "synced or not")
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Message).To(Equal(
		`github.com shows the description "all 2 succeeded" for all claims together; here it is the description ""`))
}

func TestOneWriteForEachChangeOfTheCount(t *testing.T) {
	f := newJointFleet(t)
	for i, cluster := range []string{"eu", "us", "ap"} {
		f.Hear(cluster, ledgertest.CommitStatus(ledgertest.CreatedAt(int64(i)), ledgertest.Wants("in_progress")))
	}
	f.show()
	f.put("us", ledgertest.CreatedAt(1), ledgertest.Wants("success"))
	f.G.Expect(f.Claimed().Verdict.Want).To(Equal(providers.Status{Phase: "in_progress", Description: "2 of 3 in progress"}))
	f.G.Expect(f.action()).To(Equal(ledger.ActUpdate))
	f.show()
	f.put("us", ledgertest.CreatedAt(1), ledgertest.Wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "other words" })
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing), "nothing changes of what is shown")
}

func TestTheLastOfManyIsShownAsItIs(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.show()
	f.Published("eu")
	f.Published("us")
	f.Disengage("us", f.Token["us"])
	f.G.Expect(f.Claimed().Verdict.Want).To(Equal(providers.Status{Phase: "success"}))
	f.show()
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

func TestAnotherPolicyTakesEffectAtOnce(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.show()
	f.Published("eu")
	f.G.Expect(ledgertest.ReadyOf(f.Published("us")).Reason).To(Equal(v1alpha1.ReasonConflict))
	f.G.Expect(f.Count().Conflicting).To(Equal(1))

	changes := f.aggregate(true)
	f.G.Expect(changes.Keys).To(ContainElement(ledgertest.Key))
	f.G.Expect(changes.Objects).To(ContainElements(ledgertest.ID("eu"), ledgertest.ID("us")))
	f.G.Expect(f.Claimed().Verdict.Want).To(Equal(providers.Status{Phase: "failure", Description: "1 of 2 failed"}))
	f.show()
	f.G.Expect(ledgertest.ReadyOf(f.Published("eu")).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.G.Expect(ledgertest.ReadyOf(f.Published("us")).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.G.Expect(f.Count().Conflicting).To(BeZero())

	f.G.Expect(f.aggregate(false).Keys).To(ContainElement(ledgertest.Key))
	f.G.Expect(f.Claimed().Verdict.Want).To(Equal(providers.Status{Phase: "success"}))
	f.show()
	f.G.Expect(ledgertest.ReadyOf(f.Published("us")).Reason).To(Equal(v1alpha1.ReasonConflict))
}

func TestALaneHasWhatIsShownForAllByItsPhase(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("queued")))
	f.G.Expect(f.Route(ledgertest.Key).Priority).To(Equal(ratelimit.PriorityQueued))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.G.Expect(f.Route(ledgertest.Key).Priority).To(Equal(ratelimit.PriorityTerminal))
	f.G.Expect(f.Route(ledgertest.Key).Cluster).To(Equal("eu"))
}

func TestAFailureThatIsCountedIsNotOverruled(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.show()
	f.Published("eu")
	f.Published("us")
	f.G.Expect(f.Count().Overruled).To(BeZero())
	f.G.Expect(f.Count().Conflicting).To(BeZero())
}

func TestClaimsThatAreShownTogetherSaveTheirWritesOnce(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("in_progress")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("in_progress")))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("in_progress")))
	f.show()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 2}), "three claims, one write")
	f.put("eu", ledgertest.CreatedAt(1), ledgertest.Wants("success"))
	f.show()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}), "one change, one write")
	f.put("us", ledgertest.CreatedAt(2), ledgertest.Wants("success"))
	f.put("ap", ledgertest.CreatedAt(3), ledgertest.Wants("success"))
	f.show()
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Coalesced: 1}), "two changes, one write")
	f.put("ap", ledgertest.CreatedAt(3), ledgertest.Wants("success"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "other words" })
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{Duplicate: 1}), "one change, no write")
	f.Settled(ledgertest.Key, f.Claimed())
	f.G.Expect(f.saved()).To(Equal(ledger.Saved{}))
}

func TestLedgerPatch_TellsAClaimOfAnAggregate(t *testing.T) {
	f := newJointFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	f.show()
	patch, ok := f.Patch(ledgertest.ID("eu"))
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(ledgertest.ReadyOf(&patch.Status).Reason).To(Equal(v1alpha1.ReasonAggregated))
	f.G.Expect(ledgertest.ReadyOf(&patch.Status).Message).To(HavePrefix("github.com shows failure"))
}

// recorded is a status that tells of an aggregate, as a member has it at a restart.
func recorded(phase v1alpha1.Phase, description string) func(*v1alpha1.CommitStatus) {
	s := ledgertest.StatusWith(phase, 7)
	s.Description = description
	return ledgertest.Told(s)
}

func TestARestartRepeatsNoAggregate(t *testing.T) {
	f := takingOverJointly(t, "eu", "us")
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal("us"))
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.UnsyncedCheck))
	f.G.Expect(f.Published("eu")).To(BeNil())
	changes := f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(changes.Keys).To(ContainElement(ledgertest.Key))
	f.G.Expect(f.Claimed().Wait).To(BeZero())
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing))
}

func TestAnUnheardMemberHoldsAnAggregateForTheGraceOnly(t *testing.T) {
	f := takingOverJointly(t, "eu", "us")
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(f.Claimed().Wait).NotTo(BeZero())
	f.Clock.Step(15 * time.Minute)
	f.G.Expect(f.Claimed().Wait).To(BeZero())
}

func TestAnUnheardMemberDoesNotHoldUpAFailure(t *testing.T) {
	f := takingOverJointly(t, "eu", "us")
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("failure"), recorded("in_progress", "all 2 in progress")))
	f.show()
	failed := *f.Published("eu")
	f.G.Expect(failed.Phase).To(Equal(v1alpha1.PhaseFailure))

	f.put("eu", ledgertest.CreatedAt(1), ledgertest.Wants("success"), ledgertest.Told(failed))
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal("us"), "us may have failed as well, although nothing tells of it any more")
}

func TestMembersThatMayStillTurnUpAreWaitedFor(t *testing.T) {
	f := takingOverJointly(t, "eu")
	f.Unlisted = true
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(f.Claimed().Wait).To(Equal(ledger.UnsyncedCheck))
	f.Unlisted = false
	f.G.Expect(f.Claimed().Wait).To(BeZero())
}

func TestAnAggregateIsBelievedOnlyWhereAllStatusesAgree(t *testing.T) {
	f := takingOverJointly(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure"), recorded("success", "all 2 succeeded")))
	f.G.Expect(f.action()).To(Equal(ledger.ActFind), "eu may have forged its status to hide the failure of us")
	f.G.Expect(f.Published("eu")).To(BeNil())
	f.show()
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing))
	f.put("us", ledgertest.CreatedAt(2), ledgertest.Wants("failure"), recorded("success", "all 2 succeeded"))
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing), "it was read since")
}

func TestAStatusThatDisagreesLaterIsHeardToo(t *testing.T) {
	f := takingOverJointly(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("success", "")))
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(f.action()).To(Equal(ledger.ActFind))
	f.RemoveObject("us", f.Token["us"], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
	f.G.Expect(f.action()).To(Equal(ledger.ActFind), "what was doubted is read once")
}

func TestADoubtedKeyIsNotTakenForNew(t *testing.T) {
	f := newJointFleet(t)
	f.Tell("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Tell("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure"), recorded("failure", "")))
	f.Synced("eu", f.Token["eu"])
	f.Synced("us", f.Token["us"])
	f.G.Expect(f.action()).To(Equal(ledger.ActFind))
}

func TestStatusesOfAnUnheardMemberNeitherAgreeNorDisagree(t *testing.T) {
	f := takingOverJointly(t)
	f.Tell("us", ledgertest.CommitStatus(ledgertest.CreatedAt(3), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("success", "all 2 succeeded")))
	f.Hear("ap", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("success"), recorded("success", "all 2 succeeded")))
	f.G.Expect(f.action()).To(Equal(ledger.ActNothing))
}

func TestUnheardMembersAreWaitedForByName(t *testing.T) {
	f := takingOverJointly(t, "us", "eu", "ap", "sa")
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success"), recorded("failure", "1 of 2 failed")))
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal("ap"))
	f.G.Expect(f.Hear("ap").Keys).To(ContainElement(ledgertest.Key), "it waits for the next one now")
	f.G.Expect(f.Claimed().Verdict.WaitFor).To(Equal("sa"))
}

func TestOnlyTheOldestClaimsPolicySaysWhatIsAConflict(t *testing.T) {
	f := newJointFleet(t)
	f.SetScmProvider("oldest-wins", ledgertest.Opened(nil, func(p *v1alpha1.ScmProvider) { p.Name = "oldest-wins" }))
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(1), ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2), ledgertest.Wants("failure")))
	repo := ledgertest.GitRepo()
	repo.Spec.ScmProviderRef.Name = "oldest-wins"
	through := func(cluster string, repo *v1alpha1.GitRepo) {
		f.SetRepo(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, repo)
	}
	through("us", repo)
	for range 20 {
		f.G.Expect(f.Count().Conflicting).To(BeZero(), "eu's aggregates")
	}
	through("us", ledgertest.GitRepo())
	through("eu", repo)
	for range 20 {
		f.G.Expect(f.Count().Conflicting).To(Equal(1), "eu's does not")
	}
}
