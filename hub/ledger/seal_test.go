package ledger

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
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

func TestSealKey_IsNotPrinted(t *testing.T) {
	g := NewWithT(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		g.Expect(fmt.Sprintf(verb, SealKey(firstKey))).To(Equal("***"), verb)
	}
}
