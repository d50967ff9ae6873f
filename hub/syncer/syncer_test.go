package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestAKeyIsWrittenOnce(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.Hear("us", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued"}))
}

func TestAnInstallationThatHadToBeFoundIsQueuedForInItsOwnLane(t *testing.T) {
	b := newBench(t)
	b.scm.known = false
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"installation"}))
	b.G.Expect(b.queue.Len()).To(Equal(1))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"installation", "create queued"}))
}

func TestAPauseIsNoFailure(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.queue.Len()).To(Equal(1), "back in its lane")
	_, ok := b.Patch(ledgertest.ID("eu"))
	b.G.Expect(ok).To(BeFalse(), "nothing is wrong")
}

func TestAGrantThatIsWithdrawnDuringALookUpStopsTheWrite(t *testing.T) {
	b := takingOver(t)
	b.scm.onFind = func() { b.useAccount() }
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
}

func TestWhatIsWantedNowIsWrittenAfterALookUp(t *testing.T) {
	b := takingOver(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.scm.onFind = func() { b.SetObject("eu", b.Token["eu"], ledgertest.CommitStatus(ledgertest.Wants("success"))) }
	b.reconcile()
	b.scm.onFind = nil
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "create success"}))
}

func TestALostWriteIsFoundOrGivenTimeToArrive(t *testing.T) {
	b := newBench(t)
	whole := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, lostAnswer()
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.G.Expect(b.reconcile()).To(Equal(time.Second))
	b.scm.answer = whole
	b.Clock.Step(time.Second)
	b.G.Expect(b.reconcile()).To(Equal(14*time.Second), "it is not there, but may still come")
	b.Clock.Step(14 * time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "find", "find", "create queued"}))
}

func TestALostWriteThatArrivedIsNotRepeated(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = ledgertest.Shows(want.Phase)
		return providers.Shown{}, lostAnswer()
	}
	b.Hear("eu", ledgertest.CommitStatus())
	b.reconcile()
	b.Clock.Step(time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create queued", "find"}))
}

func TestAnSCMThatShowsSomethingElseIsToldAndNotWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.scm.answer = func(providers.Status) (providers.Shown, error) { return *ledgertest.Shows("failure"), nil }
	b.Hear("eu", ledgertest.CommitStatus())
	b.G.Expect(b.reconcile()).To(Equal(10 * time.Minute))
	b.reconcile()
	b.G.Expect(b.scm.asked).To(HaveLen(1))
	patch, ok := b.Patch(ledgertest.ID("eu"))
	b.G.Expect(ok).To(BeTrue())
	b.G.Expect(patch.Status.SyncFailure.Message).To(Equal("github.com took the status but shows failure"))
}

func TestAWaitIsToldUntilTheWrite(t *testing.T) {
	b := newBench(t)
	b.Hear("eu", ledgertest.CommitStatus())
	b.Waiting([]ratelimit.Notice[ledger.Key]{{Item: ledgertest.Key, Lane: "github.com/app/12345/installation/678", Wait: 3 * time.Minute}})
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonPending))
	answer := b.scm.answer
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "paused")
	}
	b.reconcile()
	b.G.Expect(b.Published("eu")).To(BeNil(), "a pause changes nothing")
	b.scm.answer = answer
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonSynced))
}

// transitions returns how many changes to a phase were timed, and how long they took together.
func transitions(g *WithT, phase string) (count, seconds float64) {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	for _, family := range families {
		if family.GetName() != "commit_status_hub_transition_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["provider"] == "github" && labels["phase"] == phase {
				return float64(metric.GetHistogram().GetSampleCount()), metric.GetHistogram().GetSampleSum()
			}
		}
	}
	return 0, 0
}

func TestAChangeIsTimedFromItsSpecToTheAnswer(t *testing.T) {
	b := newBench(t)
	countBefore, secondsBefore := transitions(b.G, "success")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.Route(ledgertest.Key)
	b.Clock.Step(40 * time.Second)
	answer := b.scm.answer
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.Clock.Step(2 * time.Second)
		return answer(want)
	}
	b.reconcile()
	b.reconcile()
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("success")))
	b.reconcile()
	b.found(ledgertest.Shows("queued"))
	b.Clock.Step(time.Minute)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"create success", "update success"}))
	count, seconds := transitions(b.G, "success")
	b.G.Expect(count-countBefore).To(BeEquivalentTo(1), "who joins changes nothing, nor what is written anew")
	b.G.Expect(seconds - secondsBefore).To(BeNumerically("~", 42.0, 0.001))
}

func TestAChangeWhoseAnswerWasLostIsTimedOnceItIsFound(t *testing.T) {
	b := newBench(t)
	countBefore, secondsBefore := transitions(b.G, "failure")
	b.scm.answer = func(want providers.Status) (providers.Shown, error) {
		b.scm.found = ledgertest.Shows(want.Phase)
		return providers.Shown{}, lostAnswer()
	}
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("failure")))
	b.reconcile()
	b.Clock.Step(time.Second)
	b.reconcile()
	count, seconds := transitions(b.G, "failure")
	b.G.Expect(count - countBefore).To(BeEquivalentTo(1))
	b.G.Expect(seconds - secondsBefore).To(BeNumerically("~", 1.0, 0.001))
}

func TestWhatIsFoundRightIsNoChange(t *testing.T) {
	b := takingOver(t)
	countBefore, _ := transitions(b.G, "canceled")
	b.scm.found = ledgertest.Shows("canceled")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("canceled")))
	b.Clock.Step(time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	count, _ := transitions(b.G, "canceled")
	b.G.Expect(count).To(Equal(countBefore))
}

func TestSyncer_WritesNothingWhereARepositoryMovesOutOfTheGrantsDuringALook(t *testing.T) {
	b := takingOver(t)
	b.useAccount(ofOwner("acme"))
	b.Hear("eu", ledgertest.CommitStatus())
	b.scm.onFind = func() { b.Relocated(ledgertest.Key, b.Claimed(), "globex/shop") }
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find"}))
	b.reconcile()
	b.G.Expect(ledgertest.ReadyOf(b.Published("eu")).Reason).To(Equal(v1alpha1.ReasonMoved))
}
