package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// after is a bench that took over, with a sealed status in eu that the SCM shows.
func after(t *testing.T, p Predecessor, edit ...func(*v1alpha1.CommitStatus)) *bench {
	b := newBench(t)
	b.seals = sealsWith(firstKey, nil)
	b.started = time.Time{}
	b.Begin(p)
	cs := sealedBy(b.seals)
	for _, e := range edit {
		e(cs)
	}
	b.seals.Keep(cs)
	b.scm.found = shows("success")
	b.hear("eu", cs)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(BeEmpty(), "it is shown already")
	return b
}

func (b *bench) changes(phase v1alpha1.Phase) {
	b.g.THelper()
	cs := testStatus(wants(phase))
	cs.Status = b.objectAt(idIn("eu")).source.Status
	cs.Generation = 2
	b.SetObject("eu", b.token["eu"], cs)
	b.reconcile()
}

func TestSeal_TheFirstChangeAfterACleanTakeOverIsOneCall(t *testing.T) {
	b := after(t, Predecessor{Led: true, Clean: true})
	b.changes("failure")
	b.g.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
}

func TestSeal_IsBelievedAMinuteAfterAnyOtherTakeOver(t *testing.T) {
	for name, p := range map[string]Predecessor{"killed": {Led: true, Unsure: true}, "unpublished": {Led: true}} {
		t.Run(name, func(t *testing.T) {
			b := after(t, p)
			b.changes("failure")
			b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
			b = after(t, p)
			b.now.Step(takeOverWindow + time.Second)
			b.changes("failure")
			b.g.Expect(b.scm.asked).To(Equal([]string{"update failure"}))
		})
	}
}

func TestSeal_OneThatProvesNothingLeadsToALookUp(t *testing.T) {
	for name, edit := range map[string]func(*v1alpha1.CommitStatus){
		"none":      func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" },
		"forged":    func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "AAAAAAAAAAAAAAAAAAAAAA" },
		"the mark":  func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = sealRight },
		"truncated": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = cs.Status.Provider.Seal[:10] },
		"another object's": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = sealsWith(firstKey, nil).Of("other", cs.Status)
		},
		"another run": func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.GitHub.CheckRunID = 8 },
		"another key": func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = sealsWith(secondKey, nil).Of(cs.UID, cs.Status)
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := after(t, Predecessor{Led: true, Clean: true}, edit)
			b.now.Step(2 * takeOverWindow)
			b.changes("failure")
			b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
		})
	}
}

func TestSeal_ThatIsReplayedLeadsToALookUp(t *testing.T) {
	b := newBench(t)
	b.seals = sealsWith(firstKey, nil)
	b.started = time.Time{}
	b.Begin(Predecessor{Led: true, Clean: true})
	cs := sealedBy(b.seals)
	// The spec has moved on since, and the condition was forged to say that this answers it.
	cs.Generation, cs.Spec.Phase = 5, "failure"
	cs.Status.Conditions[0].ObservedGeneration = 5
	b.seals.Keep(cs)
	b.scm.found = shows("canceled")
	b.hear("eu", cs)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update failure"}))
}

func TestSeal_IsMadeOfWhatTheHubKnowsAlone(t *testing.T) {
	b := after(t, Predecessor{Led: true}, func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" })
	b.hear("us", testStatus(wants("success")))
	b.reconcile()
	status := b.published("us")
	b.g.Expect(status.Provider).NotTo(BeNil())
	b.g.Expect(status.Provider.Seal).To(BeEmpty(), "it repeats what eu's status tells")

	b.changes("failure")
	status = b.published("eu")
	b.g.Expect(b.seals.Right(b.objectAt(idIn("eu")).source.UID, *status)).To(BeTrue(), "it wrote that itself")
}

func TestSeal_IsNoReasonToPatch(t *testing.T) {
	b := after(t, Predecessor{Led: true}, func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" })
	b.published("eu")
	b.entryOf(testKey).Certain = true
	b.g.Expect(b.published("eu")).To(BeNil(), "it is added with the next change")
}

func TestSeal_DoesNotOutliveWhatItWasAbout(t *testing.T) {
	b := after(t, Predecessor{Led: true, Clean: true})
	b.published("eu")
	b.noRepo("eu")
	status := b.published("eu")
	b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonGitRepoNotFound))
	b.g.Expect(status.Provider.Seal).To(BeEmpty())
}

// A status that waits answers its spec with what was shown before. Its condition is not under the
// seal: forged to say that all is well, it would prove what is shown no more.
func TestSeal_IsOnNothingThatMayBeOverSoon(t *testing.T) {
	b := newBench(t)
	b.seals = sealsWith(firstKey, nil)
	b.hear("eu", testStatus(wants("success")))
	b.reconcile()
	b.g.Expect(b.published("eu").Provider.Seal).NotTo(BeEmpty())

	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonUnavailable, "down")
	}
	b.changes("queued")
	status := b.published("eu")
	b.g.Expect(readyOf(status).Reason).To(Equal(v1alpha1.ReasonUnavailable))
	b.g.Expect(status.Provider.Seal).To(BeEmpty())
}
