package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var firstKey = []byte("the first key, of 32 bytes......")

func sealsWith(key []byte) *ledger.Seals {
	s := &ledger.Seals{}
	s.Set(key, nil)
	return s
}

// sealedBy is an object whose status says that success is shown, as a hub sealed it.
func sealedBy(s *ledger.Seals) *v1alpha1.CommitStatus {
	cs := ledgertest.CommitStatus(ledgertest.Wants("success"), ledgertest.Told(ledgertest.StatusWith("success", 4711)))
	cs.Status.ObservedGeneration = cs.Generation
	cs.Status.Provider.Seal = s.Of(cs.UID, cs.Status)
	return cs
}

// keptSeal is what the hub keeps in memory of a right seal.
func keptSeal() string {
	s := sealsWith(firstKey)
	cs := sealedBy(s)
	s.Keep(cs)
	return cs.Status.Provider.Seal
}

// after is a bench that took over, with a sealed status in eu that the SCM shows.
func after(t *testing.T, p ledger.Predecessor, edit ...func(*v1alpha1.CommitStatus)) *bench {
	b := newStandby(t)
	b.Seals.Set(firstKey, nil)
	b.Begin(p)
	cs := sealedBy(b.Seals)
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
	cs.Status = b.Object("eu").Status
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
			b.Clock.Step(takeOverWindow + time.Second)
			b.changes("failure")
			b.G.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
		})
	}
}

func TestSeal_OneThatProvesNothingLeadsToALookUp(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"none":      func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" },
		"forged":    func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "AAAAAAAAAAAAAAAAAAAAAA" },
		"the mark":  func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = keptSeal() },
		"truncated": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = cs.Status.Provider.Seal[:10] },
		"another object's": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = sealsWith(firstKey).Of("other", cs.Status)
		},
		"another run": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.GitHub.CheckRunID = 8 },
		"another key": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = sealsWith([]byte("the second key, of 32 bytes.....")).Of(cs.UID, cs.Status)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := after(t, ledger.Predecessor{Led: true, Clean: true}, edit)
			b.Clock.Step(2 * takeOverWindow)
			b.changes("failure")
			b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
		})
	}
}

func TestSeal_ThatIsReplayedLeadsToALookUp(t *testing.T) {
	b := newStandby(t)
	b.Seals.Set(firstKey, nil)
	b.Begin(ledger.Predecessor{Led: true, Clean: true})
	cs := sealedBy(b.Seals)
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
	b.G.Expect(b.Seals.Right(b.Object("eu").UID, *status)).To(BeTrue(), "it wrote that itself")
}

func TestSeal_IsNoReasonToPatch(t *testing.T) {
	b := after(t, ledger.Predecessor{Led: true}, func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" })
	b.Published("eu")
	b.found(ledgertest.Shows("success"))
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
	b.Seals.Set(firstKey, nil)
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
