package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// listed is a listing of the bench's key.
func listed(shown *providers.Shown) providers.Listing {
	l := providers.Listing{Tag: "tag", Marked: true, Statuses: map[string]providers.Listed{}}
	if shown != nil {
		l.Statuses["build"] = providers.Listed{Shown: *shown, ExternalID: ledgertest.Key.ExternalID()}
	}
	return l
}

// drifting is a bench whose eu has success shown, under a policy, at an interval of
// ten minutes without jitter.
func newDriftBench(t *testing.T, restore bool) *bench {
	b := newBench(t)
	b.use(ledgertest.Comparing(10*time.Minute, restore))
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.G.Expect(b.reconcile()).To(Equal(10 * time.Minute))
	b.scm.asked = nil
	b.Published("eu")
	return b
}

// compared has the next comparison find what is given.
func (b *bench) compared(shown *providers.Shown) {
	b.G.THelper()
	b.scm.listed = listed(shown)
	b.Clock.Step(10 * time.Minute)
	b.reconcile()
}

func TestAChangeByOthersIsReportedAndLeft(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(ledgertest.Shows("failure"))
	status := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.G.Expect(status.SyncFailure.Message).To(Equal("drift: phase is failure in GitHub, success here"))
	b.G.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure), "what the SCM really shows")
	b.G.Expect(status.UpdatedAt.Time).To(BeTemporally("==", b.Clock.Now()))
	b.G.Expect(b.Count().Drifted).To(Equal(1))
	b.reconcile()
	b.compared(ledgertest.Shows("failure"))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "list tag"}))
	b.G.Expect(b.Published("eu")).To(BeNil(), "nothing new")
}

func TestDriftEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*bench)
		asked []string
	}{
		"when the SCM matches again": {func(b *bench) { b.compared(ledgertest.Shows("success")) }, []string{"list tag"}},
		"when the spec changes and changes back": {func(b *bench) {
			b.Edit("eu", ledgertest.Wants("canceled"))
			b.Route(ledgertest.Key)
			b.Edit("eu", ledgertest.Wants("success"))
			b.reconcile()
		}, []string{"update success"}},
		"when the spec changes": {func(b *bench) { b.Edit("eu", ledgertest.Wants("canceled")); b.reconcile() }, []string{"update canceled"}},
		"when somebody asks for it": {func(b *bench) {
			b.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("now"))
			b.reconcile()
			b.reconcile()
		}, []string{"list", "update success"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			b.compared(ledgertest.Shows("failure"))
			b.Published("eu")
			b.scm.asked = nil
			c.end(b)
			b.G.Expect(b.scm.asked).To(Equal(c.asked))
			b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			b.G.Expect(b.Count().Drifted).To(BeZero())
		})
	}
}

func TestAStatusThatVanishedIsDrift(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(nil)
	status := b.Published("eu")
	b.G.Expect(status.SyncFailure.Message).To(Equal("drift: the status is missing in GitHub, success here"))
	b.G.Expect(status.Phase).To(BeEmpty())
	b.G.Expect(status.Provider).To(BeNil())
}

func TestANewerRunOfTheSameNameIsDriftAndNeverChanged(t *testing.T) {
	b := newDriftBench(t, true)
	b.scm.listed = listed(ledgertest.Shows("failure"))
	other := b.scm.listed.Statuses["build"]
	other.ExternalID = ""
	b.scm.listed.Statuses["build"] = other
	b.Clock.Step(10 * time.Minute)
	b.reconcile()
	b.G.Expect(b.Claimed().Observation.Shown.Foreign).To(BeTrue())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "create success"}))
}

func TestARestoreWritesAtMostThreeTimesAnHourAndThenReports(t *testing.T) {
	b := newDriftBench(t, true)
	for range maxRestores + 1 {
		b.compared(ledgertest.Shows("failure"))
		b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonDrifted), "it is told all the same")
		b.reconcile()
		b.Published("eu")
	}
	b.compared(ledgertest.Shows("failure"))
	b.G.Expect(b.scm.asked).To(HaveExactElements(
		"list", "update success", "list", "update success", "list", "update success", "list", "list tag"))
	b.G.Expect(b.Count().Drifted).To(Equal(1))
	b.Clock.Step(time.Hour)
	b.reconcile()
	b.reconcile()
	b.G.Expect(b.scm.asked[8:]).To(Equal([]string{"list tag", "update success"}), "the hour is over")
}

func TestOneListComparesAllStatusesOfACommit(t *testing.T) {
	b := newDriftBench(t, false)
	b.Hear("us", ledgertest.CommitStatus(ledgertest.Wants("failure"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "test" }))
	test := ledgertest.Key
	test.Name = "test"
	b.work(test)
	b.scm.asked = nil
	b.scm.listed = listed(ledgertest.Shows("success"))
	b.scm.listed.Statuses["test"] = providers.Listed{Shown: *ledgertest.Shows("success"), ExternalID: test.ExternalID()}
	b.Clock.Step(10 * time.Minute)
	b.reconcile()
	b.work(test)
	b.G.Expect(b.scm.asked).To(Equal([]string{"list"}))
	b.G.Expect(ledgertest.ReadyOf(b.Published("us")).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.G.Expect(b.Published("eu")).To(BeNil())
}

func TestAWriteOfOursForgetsWhatTheCommitLookedLike(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(ledgertest.Shows("success"))
	b.compared(ledgertest.Shows("success"))
	b.Edit("eu", ledgertest.Wants("failure"))
	b.reconcile()
	b.compared(ledgertest.Shows("failure"))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "list tag", "update failure", "list"}))
}

func TestAWriteDuringAListIsNotTakenForDrift(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.onList = func() {
		b.Edit("eu", ledgertest.Wants("canceled"))
		job := b.Claimed()
		ended, _ := b.Writing(ledgertest.Key, job)
		b.Showed(ledgertest.Key, job, ledgertest.Shows("canceled"), true)
		ended()
	}
	b.compared(ledgertest.Shows("success"))
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
	b.scm.onList = nil
	b.compared(ledgertest.Shows("canceled"))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "list"}), "what was listed then is no basis")
}

func TestWhatAMembersStatusTellsIsComparedInFull(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(ledgertest.Shows("success"))
	test := ledgertest.Key
	test.Name = "test"
	forged := ledgertest.StatusWith("failure", 7)
	forged.Name = "test"
	b.Hear("us", ledgertest.CommitStatus(ledgertest.Wants("failure"), ledgertest.Told(forged), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "test" }))
	b.G.Expect(b.work(test)).NotTo(BeZero())
	b.compared(ledgertest.Shows("success"))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "list"}), "an unchanged commit would not show that it was never there")
	b.G.Expect(ledgertest.ReadyOf(b.Published("us")).Reason).To(Equal(v1alpha1.ReasonDrifted))
}

func TestNothingIsComparedForEver(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"after two weeks": func(b *bench) { b.Clock.Step(oldestChecked + time.Second) },
		"where it is off": func(b *bench) { b.use(); b.Clock.Step(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			prepare(b)
			b.G.Expect(b.reconcile()).To(BeZero())
			b.G.Expect(b.scm.asked).To(BeEmpty())
			b.scm.listed = listed(ledgertest.Shows("failure"))
			b.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("now"))
			b.reconcile()
			b.reconcile()
			b.G.Expect(b.scm.asked).To(Equal([]string{"list", "update success"}), "but on request")
		})
	}
}

func TestAComparisonTakesWhatNoWriteWaitsFor(t *testing.T) {
	b := newDriftBench(t, false)
	b.Clock.Step(10 * time.Minute)
	route := b.Route(ledgertest.Key)
	b.G.Expect(route.Priority).To(Equal(ratelimit.PriorityRecheck))
	b.G.Expect(route.Lane).To(Equal("lane"))
	b.G.Expect(route.Exclusion).To(Equal("list github.com/acme/shop@" + ledgertest.SHA))
	b.Edit("eu", ledgertest.Wants("success"), ledgertest.Requested("now"))
	b.G.Expect(b.Route(ledgertest.Key).Priority).To(Equal(ratelimit.PriorityRecheck), "nor does one that is asked for")
}

func TestADriftIsLeftOverARestart(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(ledgertest.Shows("failure"))
	status := b.Published("eu")
	again := takingOver(t)
	again.use(ledgertest.Comparing(10*time.Minute, false))
	again.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(*status)))
	again.reconcile()
	again.G.Expect(again.scm.asked).To(BeEmpty())
	again.G.Expect(again.Published("eu")).To(BeNil())
}

func TestARepositoryThatIsGoneIsTold(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.err = providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository")
	b.compared(nil)
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonRepoNotFound))
	b.scm.err, b.scm.found = nil, ledgertest.Shows("success")
	b.Clock.Step(10 * time.Minute)
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list", "find"}))
}

func TestAListThatFailsSaysNothingOfTheStatus(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.err = providers.Errorf(v1alpha1.ReasonUnavailable, "no answer")
	b.compared(nil)
	b.G.Expect(b.Published("eu")).To(BeNil())
	b.G.Expect(b.reconcile()).To(BeNumerically(">", time.Minute))
	b.G.Expect(b.scm.asked).To(Equal([]string{"list"}))
}

// A status holds less than an SCM can show: what it lacks may be all that differs.
func TestADriftThatNoStatusHoldsIsLookedUpAfterARestart(t *testing.T) {
	for name, change := range map[string]func(*providers.Shown){
		"a link that is none": func(s *providers.Shown) { s.URL = "javascript:alert(1)" },
		"what does not print": func(s *providers.Shown) { s.Description = "\u200b" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			theirs := ledgertest.Shows("success")
			change(theirs)
			b.compared(theirs)
			before := b.Published("eu")
			b.G.Expect(ledgertest.ReadyOf(before).Reason).To(Equal(v1alpha1.ReasonDrifted))

			for _, p := range []ledger.Predecessor{{Led: true, Clean: true}, {Led: true, Unsure: true}} {
				next := newStandby(t)
				next.use(ledgertest.Comparing(10*time.Minute, false))
				next.Begin(p)
				next.scm.found, next.scm.listed = theirs, listed(theirs)
				next.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(*before)))
				next.Clock.Step(time.Second)
				next.reconcile()
				if now := next.Published("eu"); now != nil {
					next.G.Expect(now.SyncFailure.Message).To(Equal(before.SyncFailure.Message))
				}
				for _, asked := range next.scm.asked {
					next.G.Expect(asked).NotTo(ContainSubstring("update"))
				}
			}
		})
	}
}
