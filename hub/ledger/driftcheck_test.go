package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// listed is a listing of the bench's key.
func listed(shown *providers.Shown) providers.Listing {
	l := providers.Listing{Tag: "tag", Marked: true, Statuses: map[string]providers.Listed{}}
	if shown != nil {
		l.Statuses["build"] = providers.Listed{Shown: *shown, ExternalID: testKey.ExternalID()}
	}
	return l
}

// drifting is a bench whose eu has success shown, under a policy, at an interval of
// ten minutes without jitter.
func newDriftBench(t *testing.T, restore bool) *bench {
	b := newBench(t)
	b.random = func() float64 { return 0 }
	b.driftPolicy(drifting{interval: 10 * time.Minute, restore: restore})
	b.hear("eu", testStatus(wants("success")))
	b.g.Expect(b.reconcile()).To(Equal(10 * time.Minute))
	b.scm.asked = nil
	b.published("eu")
	return b
}

func (b *bench) driftPolicy(d drifting) {
	s := testSCM(allowAll())
	s.account, s.drift = b.scm, d
	b.SetScmProvider("acme", s)
}

// compared has the next comparison find what is given.
func (b *bench) compared(shown *providers.Shown) {
	b.g.THelper()
	b.scm.listed = listed(shown)
	b.now.Step(10 * time.Minute)
	b.reconcile()
}

func TestAChangeByOthersIsReportedAndLeft(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(shows("failure"))
	status := b.published("eu")
	b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.g.Expect(status.SyncFailure.Message).To(Equal("drift: phase is failure in GitHub, success here"))
	b.g.Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure), "what the SCM really shows")
	b.g.Expect(status.UpdatedAt.Time).To(BeTemporally("==", b.now.Now()))
	b.g.Expect(b.Count().Drifted).To(Equal(1))
	b.reconcile()
	b.compared(shows("failure"))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "list tag"}))
	b.g.Expect(b.published("eu")).To(BeNil(), "nothing new")
}

func TestDriftEnds(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(*bench)
		asked []string
	}{
		"when the SCM matches again": {func(b *bench) { b.compared(shows("success")) }, []string{"list tag"}},
		"when the spec changes and changes back": {func(b *bench) {
			b.edit("eu", wants("canceled"))
			b.Route(testKey)
			b.edit("eu", wants("success"))
			b.reconcile()
		}, []string{"update success"}},
		"when the spec changes": {func(b *bench) { b.edit("eu", wants("canceled")); b.reconcile() }, []string{"update canceled"}},
		"when somebody asks for it": {func(b *bench) {
			b.edit("eu", wants("success"), requested("now"))
			b.reconcile()
			b.reconcile()
		}, []string{"list", "update success"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			b.compared(shows("failure"))
			b.published("eu")
			b.scm.asked = nil
			c.end(b)
			b.g.Expect(b.scm.asked).To(Equal(c.asked))
			b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
			b.g.Expect(b.Count().Drifted).To(BeZero())
		})
	}
}

func requested(at string) func(*v1alpha1.CommitStatus) {
	return func(cs *v1alpha1.CommitStatus) {
		cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: at}
	}
}

func TestAStatusThatVanishedIsDrift(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(nil)
	status := b.published("eu")
	b.g.Expect(status.SyncFailure.Message).To(Equal("drift: the status is missing in GitHub, success here"))
	b.g.Expect(status.Phase).To(BeEmpty())
	b.g.Expect(status.Provider).To(BeNil())
}

func TestANewerRunOfTheSameNameIsDriftAndNeverChanged(t *testing.T) {
	b := newDriftBench(t, true)
	b.scm.listed = listed(shows("failure"))
	other := b.scm.listed.Statuses["build"]
	other.ExternalID = ""
	b.scm.listed.Statuses["build"] = other
	b.now.Step(10 * time.Minute)
	b.reconcile()
	b.g.Expect(b.entryOf(testKey).Shown.Foreign).To(BeTrue())
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "create success"}))
}

func TestARestoreWritesAtMostThreeTimesAnHourAndThenReports(t *testing.T) {
	b := newDriftBench(t, true)
	for range maxRestores + 1 {
		b.compared(shows("failure"))
		b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonDrifted), "it is told all the same")
		b.reconcile()
		b.published("eu")
	}
	b.compared(shows("failure"))
	b.g.Expect(b.scm.asked).To(HaveExactElements(
		"list", "update success", "list", "update success", "list", "update success", "list", "list tag"))
	b.g.Expect(b.Count().Drifted).To(Equal(1))
	b.now.Step(time.Hour)
	b.reconcile()
	b.reconcile()
	b.g.Expect(b.scm.asked[8:]).To(Equal([]string{"list tag", "update success"}), "the hour is over")
}

func TestOneListComparesAllStatusesOfACommit(t *testing.T) {
	b := newDriftBench(t, false)
	b.hear("us", testStatus(wants("failure"), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "test" }))
	test := testKey
	test.Name = "test"
	b.work(test)
	b.scm.asked = nil
	b.scm.listed = listed(shows("success"))
	b.scm.listed.Statuses["test"] = providers.Listed{Shown: *shows("success"), ExternalID: test.ExternalID()}
	b.now.Step(10 * time.Minute)
	b.reconcile()
	b.work(test)
	b.g.Expect(b.scm.asked).To(Equal([]string{"list"}))
	b.g.Expect(readyOf(b.published("us")).Reason).To(Equal(v1alpha1.ReasonDrifted))
	b.g.Expect(b.published("eu")).To(BeNil())
}

func TestAWriteOfOursForgetsWhatTheCommitLookedLike(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(shows("success"))
	b.compared(shows("success"))
	b.edit("eu", wants("failure"))
	b.reconcile()
	b.compared(shows("failure"))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "list tag", "update failure", "list"}))
}

func TestAWriteDuringAListIsNotTakenForDrift(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.onList = func() {
		b.edit("eu", wants("canceled"))
		job := b.job()
		ended, _ := b.Writing(testKey, job)
		b.Showed(testKey, job, shows("canceled"), true)
		ended()
	}
	b.compared(shows("success"))
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
	b.scm.onList = nil
	b.compared(shows("canceled"))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "list"}), "what was listed then is no basis")
}

func TestWhatAMembersStatusTellsIsComparedInFull(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(shows("success"))
	b.takeOver()
	test := testKey
	test.Name = "test"
	forged := statusWith("failure", 7)
	forged.Name = "test"
	b.hear("us", testStatus(wants("failure"), told(forged), func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "test" }))
	b.g.Expect(b.work(test)).NotTo(BeZero())
	b.compared(shows("success"))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "list"}), "an unchanged commit would not show that it was never there")
	b.g.Expect(readyOf(b.published("us")).Reason).To(Equal(v1alpha1.ReasonDrifted))
}

func TestNothingIsComparedForEver(t *testing.T) {
	for name, prepare := range map[string]func(*bench){
		"after two weeks": func(b *bench) { b.now.Step(oldestChecked + time.Second) },
		"where it is off": func(b *bench) { b.driftPolicy(drifting{}); b.now.Step(time.Hour) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			prepare(b)
			b.g.Expect(b.reconcile()).To(BeZero())
			b.g.Expect(b.scm.asked).To(BeEmpty())
			b.scm.listed = listed(shows("failure"))
			b.edit("eu", wants("success"), requested("now"))
			b.reconcile()
			b.reconcile()
			b.g.Expect(b.scm.asked).To(Equal([]string{"list", "update success"}), "but on request")
		})
	}
}

func TestAComparisonTakesWhatNoWriteWaitsFor(t *testing.T) {
	b := newDriftBench(t, false)
	b.now.Step(10 * time.Minute)
	route := b.Route(testKey)
	b.g.Expect(route.Priority).To(Equal(ratelimit.PriorityRecheck))
	b.g.Expect(route.Lane).To(Equal("lane"))
	b.g.Expect(route.Exclusion).To(Equal("list github.com/acme/shop@" + testSHA))
	b.edit("eu", wants("success"), requested("now"))
	b.g.Expect(b.Route(testKey).Priority).To(Equal(ratelimit.PriorityRecheck), "nor does one that is asked for")
}

func TestADriftIsLeftOverARestart(t *testing.T) {
	b := newDriftBench(t, false)
	b.compared(shows("failure"))
	status := b.published("eu")
	again := newDriftBench(t, false)
	again.deleted("eu")
	again.keys, again.commits = 0, map[Key]*commit{}
	again.takeOver()
	again.hear("eu", testStatus(wants("success"), told(*status)))
	again.reconcile()
	again.g.Expect(again.scm.asked).To(BeEmpty())
	again.g.Expect(again.published("eu")).To(BeNil())
}

func TestARepositoryThatIsGoneIsTold(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.err = providers.Errorf(v1alpha1.ReasonRepoNotFound, "no such repository")
	b.compared(nil)
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonRepoNotFound))
	b.scm.err, b.scm.found = nil, shows("success")
	b.now.Step(10 * time.Minute)
	b.reconcile()
	b.g.Expect(readyOf(b.published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list", "find"}))
}

func TestAListThatFailsSaysNothingOfTheStatus(t *testing.T) {
	b := newDriftBench(t, false)
	b.scm.err = providers.Errorf(v1alpha1.ReasonUnavailable, "no answer")
	b.compared(nil)
	b.g.Expect(b.published("eu")).To(BeNil())
	b.g.Expect(b.reconcile()).To(BeNumerically(">", time.Minute))
	b.g.Expect(b.scm.asked).To(Equal([]string{"list"}))
}

// A status holds less than an SCM can show: what it lacks may be all that differs.
func TestADriftThatNoStatusHoldsIsLookedUpAfterARestart(t *testing.T) {
	for name, change := range map[string]func(*providers.Shown){
		"a link that is none": func(s *providers.Shown) { s.URL = "javascript:alert(1)" },
		"what does not print": func(s *providers.Shown) { s.Description = "\u200b" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newDriftBench(t, false)
			theirs := shows("success")
			change(theirs)
			b.compared(theirs)
			before := b.published("eu")
			b.g.Expect(readyOf(before).Reason).To(Equal(v1alpha1.ReasonDrifted))

			for _, p := range []Predecessor{{Led: true, Clean: true}, {Led: true, Unsure: true}} {
				next := newBench(t)
				next.driftPolicy(drifting{interval: 10 * time.Minute})
				next.started = time.Time{}
				next.Begin(p)
				next.scm.found, next.scm.listed = theirs, listed(theirs)
				next.hear("eu", testStatus(wants("success"), told(*before)))
				next.now.Step(time.Second)
				next.reconcile()
				if now := next.published("eu"); now != nil {
					next.g.Expect(now.SyncFailure.Message).To(Equal(before.SyncFailure.Message))
				}
				for _, asked := range next.scm.asked {
					next.g.Expect(asked).NotTo(ContainSubstring("update"))
				}
			}
		})
	}
}
