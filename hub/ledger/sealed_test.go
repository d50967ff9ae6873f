package ledger_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// after is a bench that took over, with a sealed status in eu that the SCM shows.
func after(t *testing.T, p ledger.Predecessor, edit ...func(*v1alpha1.CommitStatus)) *bench {
	b := newBench(t)
	b.Seals.Set(ledger.FirstKey, nil)
	b.Rebegin(p)
	cs := ledger.SealedBy(b.Seals)
	for _, e := range edit {
		e(cs)
	}
	b.Seals.Keep(cs)
	b.scm.found = ledgertest.Shows("success")
	b.Hear("eu", cs)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(BeEmpty(), "it is shown already")
	return b
}

func (b *bench) changes(phase v1alpha1.Phase) {
	b.G.THelper()
	cs := ledgertest.CommitStatus(ledgertest.Wants(phase))
	cs.Status = b.Source(ledgertest.ID("eu")).Status
	cs.Generation = 2
	b.SetObject("eu", b.Token["eu"], cs)
	b.reconcile()
}

func TestSeal_TheFirstChangeAfterACleanTakeOverIsOneCall(t *testing.T) {
	b := after(t, ledger.Predecessor{Led: true, Clean: true})
	b.changes("failure")
	b.G.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
}

func TestSeal_IsBelievedAMinuteAfterAnyOtherTakeOver(t *testing.T) {
	for name, p := range map[string]ledger.Predecessor{"killed": {Led: true, Unsure: true}, "unpublished": {Led: true}} {
		t.Run(name, func(t *testing.T) {
			b := after(t, p)
			b.changes("failure")
			b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
			b = after(t, p)
			b.Clock.Step(ledger.TakeOverWindow + time.Second)
			b.changes("failure")
			b.G.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
		})
	}
}

func TestSeal_OneThatProvesNothingLeadsToALookUp(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"none":      func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" },
		"forged":    func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "AAAAAAAAAAAAAAAAAAAAAA" },
		"the mark":  func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = ledger.SealRight },
		"truncated": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = cs.Status.Provider.Seal[:10] },
		"another object's": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = ledger.SealsWith(ledger.FirstKey, nil).Of("other", cs.Status)
		},
		"another run": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.GitHub.CheckRunID = 8 },
		"another key": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = ledger.SealsWith(ledger.SecondKey, nil).Of(cs.UID, cs.Status)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := after(t, ledger.Predecessor{Led: true, Clean: true}, edit)
			b.Clock.Step(2 * ledger.TakeOverWindow)
			b.changes("failure")
			b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
		})
	}
}

func TestSeal_ThatIsReplayedLeadsToALookUp(t *testing.T) {
	b := newBench(t)
	b.Seals.Set(ledger.FirstKey, nil)
	b.Rebegin(ledger.Predecessor{Led: true, Clean: true})
	cs := ledger.SealedBy(b.Seals)
	// The spec has moved on since, and the condition was forged to say that this answers it.
	cs.Generation, cs.Spec.Phase = 5, "failure"
	cs.Status.Conditions[0].ObservedGeneration = 5
	b.Seals.Keep(cs)
	b.scm.found = ledgertest.Shows("canceled")
	b.Hear("eu", cs)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
}

func TestSeal_IsMadeOfWhatTheHubKnowsAlone(t *testing.T) {
	b := after(t, ledger.Predecessor{Led: true}, func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" })
	b.Hear("us", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.reconcile()
	status := b.Published("us")
	b.G.Expect(status.Provider).NotTo(BeNil())
	b.G.Expect(status.Provider.Seal).To(BeEmpty(), "it repeats what eu's status tells")

	b.changes("failure")
	status = b.Published("eu")
	b.G.Expect(b.Seals.Right(b.Source(ledgertest.ID("eu")).UID, *status)).To(BeTrue(), "it wrote that itself")
}

func TestSeal_IsNoReasonToPatch(t *testing.T) {
	b := after(t, ledger.Predecessor{Led: true}, func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" })
	b.Published("eu")
	b.Entry(ledgertest.Key).Prove()
	b.G.Expect(b.Published("eu")).To(BeNil(), "it is added with the next change")
}

func TestSeal_DoesNotOutliveWhatItWasAbout(t *testing.T) {
	b := after(t, ledger.Predecessor{Led: true, Clean: true})
	b.Published("eu")
	b.NoRepo("eu")
	status := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonGitRepoNotFound))
	b.G.Expect(status.Provider.Seal).To(BeEmpty())
}

// A status that waits answers its spec with what was shown before. Its condition is not under the
// seal: forged to say that all is well, it would prove what is shown no more.
func TestSeal_IsOnNothingThatMayBeOverSoon(t *testing.T) {
	b := newBench(t)
	b.Seals.Set(ledger.FirstKey, nil)
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.reconcile()
	b.G.Expect(b.Published("eu").Provider.Seal).NotTo(BeEmpty())

	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonUnavailable, "down")
	}
	b.changes("queued")
	status := b.Published("eu")
	b.G.Expect(ledgertest.ReadyOf(status).Reason).To(Equal(v1alpha1.ReasonUnavailable))
	b.G.Expect(status.Provider.Seal).To(BeEmpty())
}
