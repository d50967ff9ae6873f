package github

import (
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func TestClient_FollowsNoRedirectWithAWrite(t *testing.T) {
	b := newBench(t)
	c := b.client(repository)
	shown := b.step(c, at("x"), nil, queued)
	for _, status := range []int{301, 302, 307, 308} {
		for _, method := range []string{http.MethodPost, http.MethodPatch} {
			b.github.Inject(fake.Fault{
				Match: withMethod(method, "check-runs"), Status: status,
				Header: http.Header{"Location": {b.github.URL() + "/repos/acme/shop/check-runs"}},
			})
		}
		before := len(b.github.Writes())
		_, err := c.Create(b.ctx(), at("y"), queued)
		b.Expect(b.fails(err, v1alpha1.ReasonMoved).Unknown).To(BeFalse())
		_, err = c.Update(b.ctx(), at("x"), shown, queued)
		_ = b.fails(err, v1alpha1.ReasonMoved)
		b.Expect(b.github.Writes()).To(HaveLen(before + 2))
	}
}

func TestClient_LearnsTheNameOfARepositoryThatHasMoved(t *testing.T) {
	b := newBench(t)
	c := b.client(repository)
	b.github.MoveRepo(repository, "acme/store")
	_, err := c.Create(b.ctx(), at("x"), queued)
	e := b.fails(err, v1alpha1.ReasonMoved)
	b.Expect(e.MovedTo).To(Equal("acme/store"))
	b.Expect(e.Message).To(ContainSubstring("repository acme/shop is acme/store now"))
	b.Expect(b.github.CheckRuns("acme/store", sha)).To(BeEmpty())
	b.Expect(b.count(fake.OpGetRepository)).To(Equal(2), "one read and its redirect")
	target := at("x")
	target.Repository = e.MovedTo
	b.step(b.client(e.MovedTo), target, nil, queued)
}

func TestAccount_GivesNoOwnerTheInstallationOfAnother(t *testing.T) {
	b := newBench(t)
	b.github.Install(app, installation+1, "globex")
	b.github.AddRepo("acme/web", sha)
	b.github.MoveRepo(repository, "globex/shop")
	_, err := b.account.Client(b.ctx(), repository)
	e := b.fails(err, v1alpha1.ReasonMoved)
	b.Expect(e.MovedTo).To(Equal("globex/shop"))
	b.client("acme/web")
	lane, known := b.account.Lane("acme/web")
	b.Expect(known).To(BeTrue())
	b.Expect(lane).To(HaveSuffix("/installation/678"))
	b.Expect(b.github.Writes()).To(BeEmpty())
}
