package github

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestClient_FollowsNoRedirectWithAWrite(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, queued)
	for _, status := range []int{301, 302, 307, 308} {
		for _, method := range []string{http.MethodPost, http.MethodPatch} {
			b.github.Inject(fake.Fault{
				Match: withMethod(method, "check-runs"), Status: status,
				Header: http.Header{"Location": {b.github.URL() + "/repos/acme/shop/check-runs"}},
			})
		}
		before := len(b.github.Writes())
		_, err := c.Create(b.Ctx(), at("y"), queued)
		b.Expect(b.Fails(err, v1alpha1.ReasonMoved).Unknown).To(BeFalse())
		_, err = c.Update(b.Ctx(), at("x"), shown, queued)
		_ = b.Fails(err, v1alpha1.ReasonMoved)
		b.Expect(b.github.Writes()).To(HaveLen(before + 2))
	}
}

func TestClient_LearnsTheNameOfARepositoryThatHasMoved(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.MoveRepo(repository, "acme/store")
	_, err := c.Create(b.Ctx(), at("x"), queued)
	e := b.Fails(err, v1alpha1.ReasonMoved)
	b.Expect(e.MovedTo).To(Equal("acme/store"))
	b.Expect(e.Message).To(ContainSubstring("repository acme/shop is acme/store now"))
	b.Expect(b.github.CheckRuns("acme/store", sha)).To(BeEmpty())
	b.Expect(providercontract.Count(b.github, fake.OpGetRepository)).To(Equal(2), "one read and its redirect")
	target := at("x")
	target.Repository = e.MovedTo
	b.Step(b.Client(e.MovedTo), target, nil, queued)
}

func TestAccount_GivesNoOwnerTheInstallationOfAnother(t *testing.T) {
	b := newBench(t)
	b.github.Install(app, installation+1, "globex")
	b.github.AddRepo("acme/web", sha)
	b.github.MoveRepo(repository, "globex/shop")
	_, err := b.Account.Client(b.Ctx(), repository)
	e := b.Fails(err, v1alpha1.ReasonMoved)
	b.Expect(e.MovedTo).To(Equal("globex/shop"))
	b.Client("acme/web")
	lane, known := b.Account.Lane("acme/web")
	b.Expect(known).To(BeTrue())
	b.Expect(lane).To(HaveSuffix("/installation/678"))
	b.Expect(b.github.Writes()).To(BeEmpty())
}
