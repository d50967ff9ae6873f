package syncer_test

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func keyNamed(name string) ledger.Key {
	key := ledgertest.Key
	key.Name = name
	return key
}

// manyNames is a bench after a take-over, with as many statuses on one commit in each of some
// members.
func manyNames(t *testing.T, names int, clusters ...string) *bench {
	b := takingOver(t)
	b.scm.listed = providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
	for _, cluster := range clusters {
		var all []*v1alpha1.CommitStatus
		for i := range names {
			all = append(all, ledgertest.CommitStatus(ledgertest.Named(fmt.Sprint("s", i))))
		}
		b.Hear(cluster, all...)
	}
	return b
}

func (b *bench) reconcileAll(names int) {
	b.G.THelper()
	for i := range names {
		b.work(keyNamed(fmt.Sprint("s", i)))
	}
}

// lists counts the lists and look-ups that were asked for.
func (b *bench) reads() (lists, finds int) {
	for _, asked := range b.scm.asked {
		switch asked {
		case "list":
			lists++
		case "find":
			finds++
		}
	}
	return lists, finds
}

func (b *bench) expectReads(lists, finds int) {
	b.G.THelper()
	l, f := b.reads()
	b.G.Expect([]int{l, f}).To(Equal([]int{lists, finds}), "lists and look-ups")
}

func TestLook_ListsACommitOnceForAllOfItsKeys(t *testing.T) {
	b := manyNames(t, 100, "eu", "us", "ap")
	b.scm.listed.Statuses["s7"] = providers.Listed{Shown: *ledgertest.Shows("queued"), ExternalID: keyNamed("s7").ExternalID()}
	b.reconcileAll(100)
	b.expectReads(1, 0)
	b.G.Expect(b.scm.asked).To(HaveLen(1+99), "what is shown already is not written")
	b.reconcileAll(100)
	b.G.Expect(b.scm.asked).To(HaveLen(1 + 99))
}

func TestLook_FindsTheOnlyKeyOfACommitByItsName(t *testing.T) {
	b := manyNames(t, 1, "eu")
	b.reconcileAll(1)
	b.expectReads(0, 1)
}

func TestLook_WaitsForTheListThatIsUnderWay(t *testing.T) {
	b := manyNames(t, 3, "eu")
	var added []ledger.Key
	b.syncer.Apply = func(c ledger.Changes) { added = append(added, c.Keys...) }
	b.scm.onList = func() {
		b.scm.onList = nil
		b.work(keyNamed("s1"))
		b.G.Expect(b.scm.asked).To(Equal([]string{"list"}), "nothing else is asked meanwhile")
	}
	b.reconcileAll(1)
	b.expectReads(1, 0)
	b.G.Expect(added).To(ContainElements(keyNamed("s1"), keyNamed("s2")), "they go on when it is done")
}

// succeeding is a bench whose hub begins to write after one that may have requests under way, with
// CommitStatuses of eu.
func succeeding(t *testing.T, objects ...*v1alpha1.CommitStatus) *bench {
	b := newStandby(t)
	b.Hear("eu", objects...)
	b.Begin(ledger.Predecessor{Led: true, Unsure: true})
	return b
}

func TestLook_IsNotRepeatedWhileWhatMayHaveBeenSentCanArrive(t *testing.T) {
	b := succeeding(t, ledgertest.CommitStatus(ledgertest.Named("s0")), ledgertest.CommitStatus(ledgertest.Named("s1")))
	b.scm.listed = providers.Listing{Marked: true, Statuses: map[string]providers.Listed{}}
	b.reconcileAll(2)
	for _, cluster := range []string{"us", "ap"} {
		b.Hear(cluster, ledgertest.CommitStatus(ledgertest.Named("s0")), ledgertest.CommitStatus(ledgertest.Named("s1")))
		b.Clock.Step(time.Second)
		b.reconcileAll(2)
	}
	b.expectReads(0, 0)
	b.Clock.Step(settleTime)
	b.reconcileAll(2)
	b.expectReads(1, 0)
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "create queued", "create queued"}))
}

func TestLook_LoneKeyIsAdoptedAtOnce(t *testing.T) {
	b := succeeding(t, ledgertest.CommitStatus(ledgertest.Named("s0")))
	b.scm.found = ledgertest.Shows("queued")
	b.reconcileAll(1)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	b.reconcileAll(1)
	b.expectReads(0, 1)
}

func TestLook_LoneKeyThatIsNotThereIsWrittenOnceNothingCanArrive(t *testing.T) {
	b := succeeding(t, ledgertest.CommitStatus(ledgertest.Named("s0")))
	b.reconcileAll(1)
	b.reconcileAll(1)
	b.expectReads(0, 1)
	b.Clock.Step(settleTime)
	b.reconcileAll(1)
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "find", "create queued"}))
}

func TestLook_LostWriteIsLookedUpOnceMoreWhenItsTimeIsOver(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return providers.Shown{}, lostAnswer() }
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.Clock.Step(firstRetry)
	b.reconcile()
	b.expectReads(0, 1)
	for _, cluster := range []string{"us", "ap", "sa"} {
		b.Hear(cluster, ledgertest.CommitStatus())
		b.reconcile()
	}
	b.expectReads(0, 1)
	b.Clock.Step(settleTime)
	b.reconcile()
	b.expectReads(0, 2)
}

func TestLook_AFailureIsOfAllKeysOfTheCommit(t *testing.T) {
	b := manyNames(t, 5, "eu")
	b.scm.err = providers.Errorf(v1alpha1.ReasonCommitNotFound, "no such commit")
	b.reconcileAll(5)
	b.expectReads(1, 0)
	for i := range 5 {
		name := fmt.Sprint("s", i)
		patch, ok := b.Patch(ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: name})
		b.G.Expect(ok).To(BeTrue(), name)
		b.G.Expect(ledgertest.ReadyOf(&patch.Status).Reason).To(Equal(v1alpha1.ReasonCommitNotFound), name)
	}
}

func TestLook_ComparesWhatMembersToldOfTheCommitToo(t *testing.T) {
	b := takingOver(t)
	status := func(name string, phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
		st := ledgertest.StatusWith(phase, 7)
		st.Name = name
		return ledgertest.Told(st)
	}
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Named("s0")), ledgertest.CommitStatus(ledgertest.Named("s1"), status("s1", "queued")), ledgertest.CommitStatus(ledgertest.Named("s2"), status("s2", "queued")))
	b.scm.listed = providers.Listing{Marked: true, Statuses: map[string]providers.Listed{
		"s1": {Shown: *ledgertest.Shows("queued"), ExternalID: keyNamed("s1").ExternalID()},
		"s2": {Shown: *ledgertest.Shows("failure"), ExternalID: keyNamed("s2").ExternalID()},
	}}
	b.reconcileAll(3)
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "create queued"}))
	patch, ok := b.Patch(ledger.ObjectID{Cluster: "eu", Namespace: "team-a", Name: "s2"})
	b.G.Expect(ok).To(BeTrue())
	b.G.Expect(ledgertest.ReadyOf(&patch.Status).Reason).To(Equal(v1alpha1.ReasonDrifted), "what the list shows is no secret")
	b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus(ledgertest.Named("s1"), ledgertest.Wants("success"), status("s1", "queued")))
	b.reconcileAll(2)
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "create queued", "update success"}), "it is known by now")
}

func TestLook_DoesNotBelieveAListThatMayBeOfAnotherRepository(t *testing.T) {
	for name, listing := range map[string]providers.Listing{
		"a fork":          {Loose: true, Statuses: map[string]providers.Listed{"s0": {Shown: *ledgertest.Shows("queued")}}},
		"somebody else's": {Marked: true, Statuses: map[string]providers.Listed{"s0": {Shown: *ledgertest.Shows("queued")}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := manyNames(t, 2, "eu")
			b.scm.listed = listing
			b.reconcileAll(2)
			b.reconcileAll(2)
			b.expectReads(1, 1)
			b.G.Expect(b.scm.asked).To(ConsistOf("list", "find", "create queued", "create queued"))
		})
	}
}
