package gitea

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

var done = providers.Status{Phase: v1alpha1.PhaseSuccess, Description: "d", URL: "https://ci.example.com/1"}

// client opens a new repository by a user's token. A robot gets a permission, "" for
// none.
func (w *world) client(t *testing.T, user User, permission string) (providers.Client, providers.Target) {
	t.Helper()
	g, s := NewWithT(t), w.scm(t, user)
	if permission != "" {
		g.Expect(w.Permit(t.Context(), user.Name, s.Repository, permission)).To(Succeed())
	}
	account, err := s.Kind.Open(s.Provider, s.Secret)
	g.Expect(err).NotTo(HaveOccurred())
	c, err := account.Client(t.Context(), s.Repository)
	g.Expect(err).NotTo(HaveOccurred())
	return c, providers.Target{Repository: s.Repository, SHA: s.SHA, Name: "build"}
}

func TestAUserWhoIsToldNothingStillLearnsThatACommitIsMissing(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.robot(t, "write:repository"), "write")
	at.SHA = unknown
	_, err := c.Create(t.Context(), at, done)
	e := providers.AsError(err)
	g.Expect(e.Reason).To(Equal(v1alpha1.ReasonCommitNotFound))
	g.Expect(e.Unknown).To(BeTrue())
	g.Expect(c.Find(t.Context(), at)).To(BeNil())
}

func TestATokenThatMayNotAskWhoItIsWorks(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.robot(t, "write:repository"), "write")
	g.Expect(c.Find(t.Context(), at)).To(BeNil())
	made, err := c.Create(t.Context(), at, done)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(c.Find(t.Context(), at)).To(Equal(&made))
	w.write(t, w.stranger, at, map[string]any{"context": at.Name, "state": "skipped"})
	g.Expect(c.Find(t.Context(), at)).To(BeNil(), "Gitea shows the stranger's")
	listing, err := c.List(t.Context(), providers.Commit{Repository: at.Repository, SHA: at.SHA}, "")
	g.Expect(err).NotTo(HaveOccurred())
	listed := listing.Statuses[at.Name]
	g.Expect(listed.Foreign).To(BeTrue())
	g.Expect(listed.Phase).To(Equal(providers.Word("skipped")), "a state that Gitea takes and the hub does not")
}

func TestWhatIsWrittenWithinASecondIsAllListed(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.administrator(t, "write:repository", "read:user"), "")
	for i := range 120 {
		one := at
		one.Name = fmt.Sprint("build ", i)
		_, err := c.Create(t.Context(), one, done)
		g.Expect(err).NotTo(HaveOccurred())
	}
	listing, err := c.List(t.Context(), providers.Commit{Repository: at.Repository, SHA: at.SHA}, "")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(listing.Statuses).To(HaveLen(120))
}

func TestARenamedRepositoryIsReadAndNotWritten(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	c, at := w.client(t, w.administrator(t, "write:repository", "read:user"), "")
	made, err := c.Create(t.Context(), at, done)
	g.Expect(err).NotTo(HaveOccurred())
	name := strings.Replace(strings.TrimPrefix(at.Repository, "acme/"), "Shop", "Store", 1)
	g.Expect(w.Call(t.Context(), http.MethodPatch, "repos/"+at.Repository, map[string]any{"name": name}, nil)).To(Succeed())
	g.Expect(c.Find(t.Context(), at)).To(Equal(&made))
	_, err = c.Create(t.Context(), at, done)
	e := providers.AsError(err)
	g.Expect(e.Reason).To(Equal(v1alpha1.ReasonMoved))
	g.Expect(e.MovedTo).To(Equal("acme/" + name))
}

func TestAMissingPermissionIsTold(t *testing.T) {
	w, g := gitea(t), NewWithT(t)
	for _, permission := range []string{"", "read"} {
		c, at := w.client(t, w.robot(t, "write:repository", "read:user"), permission)
		_, err := c.Create(t.Context(), at, done)
		g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
		g.Expect(err.Error()).To(ContainSubstring("may not write to repository " + at.Repository))
		g.Expect(c.Find(t.Context(), at)).To(BeNil(), "a public repository can be read")
	}

	c, at := w.client(t, w.administrator(t, "read:repository", "read:user"), "")
	_, err := c.Create(t.Context(), at, done)
	g.Expect(err).To(MatchError("the access token lacks the scope write:repository"))
	g.Expect(c.Find(t.Context(), at)).To(BeNil())

	c, at = w.client(t, User{Token: "0123456789012345678901234567890123456789"}, "")
	_, err = c.Find(t.Context(), at)
	g.Expect(providers.AsError(err).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
}
