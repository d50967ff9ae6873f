package ledger

import (
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var (
	firstKey  = []byte("the first key, of 32 bytes......")
	secondKey = []byte("the second key, of 32 bytes.....")
)

func sealsWith(current, previous []byte) *Seals {
	s := &Seals{}
	s.Set(current, previous)
	return s
}

// published is an object whose status says that success is shown, as a hub sealed it.
func sealedBy(s *Seals) *v1alpha1.CommitStatus {
	cs := testStatus(wants("success"), told(statusWith("success", 7)))
	cs.Status.ObservedGeneration = cs.Generation
	cs.Status.Description, cs.Status.URL = cs.Spec.Description, cs.Spec.URL
	cs.Status.Provider.Seal = s.Of(cs.UID, cs.Status)
	return cs
}

func TestSeals_ProveWhatTheHubWroteOfOneObject(t *testing.T) {
	ours := sealsWith(firstKey, nil)
	for name, c := range map[string]struct {
		edit  func(*v1alpha1.CommitStatus)
		right bool
	}{
		"as it was written":  {func(*v1alpha1.CommitStatus) {}, true},
		"another condition":  {func(cs *v1alpha1.CommitStatus) { cs.Status.Conditions = nil }, true},
		"another object":     {func(cs *v1alpha1.CommitStatus) { cs.UID = "other" }, false},
		"another generation": {func(cs *v1alpha1.CommitStatus) { cs.Status.ObservedGeneration++ }, false},
		"another repository": {func(cs *v1alpha1.CommitStatus) { cs.Status.Repo += "2" }, false},
		"another commit":     {func(cs *v1alpha1.CommitStatus) { cs.Status.SHA = "1" + cs.Status.SHA[1:] }, false},
		"another name":       {func(cs *v1alpha1.CommitStatus) { cs.Status.Name = "b" }, false},
		"another provider":   {func(cs *v1alpha1.CommitStatus) { cs.Status.ScmProvider = "b" }, false},
		"another run":        {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.GitHub.CheckRunID++ }, false},
		"another SCM":        {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Gitea = &v1alpha1.GiteaHandle{StatusID: 7} }, false},
		"another phase":      {func(cs *v1alpha1.CommitStatus) { cs.Status.Phase = "failure" }, false},
		"another text":       {func(cs *v1alpha1.CommitStatus) { cs.Status.Description = "x" }, false},
		"another URL":        {func(cs *v1alpha1.CommitStatus) { cs.Status.URL = "https://x" }, false},
		"no seal":            {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "" }, false},
		"truncated": {func(cs *v1alpha1.CommitStatus) {
			cs.Status.Provider.Seal = cs.Status.Provider.Seal[:len(cs.Status.Provider.Seal)-1]
		}, false},
		"longer":             {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal += "A" }, false},
		"the mark in memory": {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = sealRight }, false},
		"no base64":          {func(cs *v1alpha1.CommitStatus) { cs.Status.Provider.Seal = "!!!!!!!!!!!!!!!!!!!!!!" }, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			cs := sealedBy(ours)
			c.edit(cs)
			g.Expect(ours.Right(cs.UID, cs.Status)).To(Equal(c.right))
			ours.Keep(cs)
			g.Expect(cs.Status.Provider.Seal).To(Equal(map[bool]string{true: sealRight}[c.right]), "only what is proven is remembered")
		})
	}
}

func TestSeals_KnowTwoKeysAtATime(t *testing.T) {
	g := NewWithT(t)
	old := sealedBy(sealsWith(firstKey, nil))
	right := func(s *Seals) bool { return s.Right(old.UID, old.Status) }
	g.Expect(right(sealsWith(firstKey, secondKey))).To(BeTrue())
	g.Expect(right(sealsWith(secondKey, firstKey))).To(BeTrue(), "while it is rotated")
	g.Expect(right(sealsWith(secondKey, nil))).To(BeFalse())
	g.Expect(sealsWith(secondKey, firstKey).Of(old.UID, old.Status)).To(Equal(sealsWith(secondKey, nil).Of(old.UID, old.Status)), "the new key seals")
	for _, none := range []*Seals{nil, {}, sealsWith(nil, firstKey), sealsWith([]byte("short"), firstKey)} {
		g.Expect(none.Of(old.UID, old.Status)).To(BeEmpty())
		g.Expect(right(none)).To(BeFalse())
	}
}

func TestSeal_ProvesNoRunThatIsForeign(t *testing.T) {
	for _, foreign := range []bool{false, true} {
		f := newFleet(t)
		f.seals = sealsWith(firstKey, nil)
		f.hear("eu", testStatus())
		shown := shows("queued")
		shown.Foreign = foreign
		f.Showed(testKey, f.job(), shown, false)
		f.g.Expect(f.published("eu").Provider.Seal == "").To(Equal(foreign))
	}
}

func TestSealKey_IsNotPrinted(t *testing.T) {
	g := NewWithT(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		g.Expect(fmt.Sprintf(verb, SealKey(firstKey))).To(Equal("***"), verb)
	}
}

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
