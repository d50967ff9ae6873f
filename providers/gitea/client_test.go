package gitea

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
)

func TestAWriteSaysWhatThereIsToSay(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Create(c, at, providers.Status{Phase: v1alpha1.PhaseInProgress})
	b.Expect(shown).To(Equal(providers.Shown{
		Status: providers.Status{Phase: v1alpha1.PhaseInProgress},
		Handle: v1alpha1.ProviderHandle{Gitea: &v1alpha1.GiteaHandle{StatusID: 1}},
	}), "the phase that was asked for")
	write := b.gitea.Writes()[0]
	var body map[string]any
	b.Expect(json.Unmarshal(write.RequestBody, &body)).To(Succeed())
	b.Expect(body).To(Equal(map[string]any{"state": "pending", "context": "x"}))
	b.Expect(write.RequestHeader.Get("User-Agent")).To(Equal("commit-status-hub"))
	b.Expect(b.gitea.Calls()).To(HaveLen(1), "nobody is asked for a version, or who we are")

	shown, err := c.Update(b.Ctx(), at, shown, providers.Status{Phase: "cancelled", URL: link})
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseCanceled, URL: link}))
	b.Expect(shown.Handle.Gitea.StatusID).To(BeEquivalentTo(2), "statuses are only added")
	b.Expect(b.gitea.Statuses(repository, sha)[1].State).To(Equal("failure"))

	_, err = c.Create(b.Ctx(), at, providers.Status{Phase: "skipped"})
	_ = b.Fails(err, v1alpha1.ReasonInvalid)
	b.Expect(b.gitea.Calls()).To(HaveLen(2), "what is no phase is not sent")
}

func TestOnlyStatusesOfOurOwnUserAreFound(t *testing.T) {
	b := newBench(t)
	stranger := func(state string) {
		b.gitea.AddStatus(repository, sha, fake.Status{Context: "x", State: state, Creator: "stranger"})
	}
	stranger("success")
	c := b.Client(repository)
	found, err := c.Find(b.Ctx(), at)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil())
	b.Expect(b.list(c)["x"].Foreign).To(BeTrue(), "it is what Gitea shows")
	b.Expect(providercontract.Count(b.gitea, fake.OpGetUser)).To(Equal(1), "who we are is asked once")

	mine := b.Create(c, at, providers.Status{Phase: v1alpha1.PhaseFailure})
	b.Expect(b.list(c)["x"]).To(Equal(providers.Listed{Shown: mine}))
	stranger("success")
	b.Expect(b.list(c)["x"].Status.Phase).To(Equal(v1alpha1.PhaseSuccess))
	found, err = c.Find(b.Ctx(), at)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil(), "what somebody else has superseded is not shown")
	b.Expect(providercontract.Count(b.gitea, fake.OpGetUser)).To(Equal(1))
	mine = b.Create(c, at, providers.Status{Phase: v1alpha1.PhaseFailure})

	// Another token of the same user.
	b.Account = b.open(b.gitea.AddUser("robot"))
	b.Create(b.Client(repository), providers.Target{Repository: repository, SHA: sha, Name: "y"}, done)
	found, err = b.Client(repository).Find(b.Ctx(), at)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(Equal(&mine))
	b.Expect(providercontract.Count(b.gitea, fake.OpGetUser)).To(Equal(1), "the answer to a write tells who we are")
}

func TestATokenThatMayNotAskWhoItIsStillWorks(t *testing.T) {
	b := newBench(t, fake.WithScopes("write:repository"))
	c := b.Client(repository)
	b.gitea.AddStatus(repository, sha, fake.Status{Context: "x", State: "success", Creator: "stranger"})
	for range 2 {
		found, err := c.Find(b.Ctx(), at)
		b.Expect(err).NotTo(HaveOccurred())
		b.Expect(found).NotTo(BeNil(), "it may be ours")
	}
	b.Expect(providercontract.Count(b.gitea, fake.OpGetUser)).To(Equal(1))
	b.Create(c, providers.Target{Repository: repository, SHA: sha, Name: "y"}, done)
	found, err := c.Find(b.Ctx(), at)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil(), "now it is known whose it is")
}

func TestWhoWeAreIsAskedAgainWhereNobodyAnswered(t *testing.T) {
	b := newBench(t)
	me := func(r *http.Request) bool { return r.URL.Path == "/api/v1/user" }
	c := b.Client(repository)
	for _, f := range []fake.Fault{{Status: 500}, {Status: 200, Body: `{"id":0}`}, {Status: 200, Body: "<html>"}} {
		f.Match = me
		b.gitea.Inject(f)
		_, err := c.List(b.Ctx(), commit, "")
		b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeFalse())
		b.Expect(providercontract.Count(b.gitea, fake.OpListStatuses)).To(BeZero())
	}
	b.list(c)
	b.gitea.RevokeToken(b.token)
	b.Account = b.open(b.token)
	_, err := b.Client(repository).List(b.Ctx(), commit, "")
	_ = b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
}

func TestEveryPageIsRead(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	first := b.Create(c, at, done)
	for i := range 120 {
		b.gitea.AddStatus(repository, sha, fake.Status{Context: fmt.Sprint("other ", i), State: "pending", Creator: "robot"})
	}
	found, err := c.Find(b.Ctx(), at)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(Equal(&first))
	b.Expect(providercontract.Count(b.gitea, fake.OpListStatuses)).To(Equal(3))
	b.Expect(b.list(c)).To(HaveLen(121))

	// A proxy may leave out a header, either of them.
	for _, header := range []string{"Link", "X-Total-Count"} {
		b.gitea.Inject(fake.Fault{Match: forStatuses(http.MethodGet), Times: 3, Header: http.Header{header: nil}})
		b.Expect(b.list(c)).To(HaveLen(121))
	}
}

func TestAListThatDoesNotMakeSenseIsNoList(t *testing.T) {
	for name, f := range map[string]fake.Fault{
		"null":            {Status: 200, Body: "null"},
		"an object":       {Status: 200, Body: `{"statuses":[]}`},
		"fewer than told": {Status: 200, Body: "[]", Header: http.Header{"X-Total-Count": {"7"}}},
		"another success": {Status: 202, Body: "[]"},
		"endless":         {Status: 200, Body: `[{"id":1}]`, Times: -1, Header: http.Header{"X-Total-Count": {"1000000"}}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := b.Client(repository)
			b.Create(c, at, done)
			f.Match = forStatuses(http.MethodGet)
			b.gitea.Inject(f)
			_, err := c.List(b.Ctx(), commit, "")
			_ = b.Fails(err, v1alpha1.ReasonUnavailable)
		})
	}
}

func TestAWriteWhoseAnswerDoesNotMakeSenseIsLookedUp(t *testing.T) {
	for _, body := range []string{"", "{}", "null", "[]", `{"id":7}`, `{"status":"success"}`} {
		t.Run(body, func(t *testing.T) {
			b := newBench(t)
			b.gitea.Inject(fake.Fault{Match: forStatuses(http.MethodPost), Status: 201, Body: body})
			_, err := b.Client(repository).Create(b.Ctx(), at, done)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeTrue())
		})
	}
}

func TestARenamedRepositoryIsReadAndNotWritten(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	mine := b.Create(c, at, done)
	b.gitea.RenameRepo(repository, "acme/store")
	b.Expect(b.list(c)["x"].Shown).To(Equal(mine))
	writes := len(b.gitea.Writes())
	_, err := c.Create(b.Ctx(), at, providers.Status{Phase: v1alpha1.PhaseFailure})
	e := b.Fails(err, v1alpha1.ReasonMoved)
	b.Expect(e.MovedTo).To(Equal("acme/store"))
	b.Expect(e.Unknown).To(BeFalse())
	b.Expect(b.gitea.Writes()).To(HaveLen(writes + 1))
	for _, status := range []int{302, 307, 308} {
		b.gitea.Inject(fake.Fault{
			Match: forStatuses(http.MethodPost), Status: status, Header: http.Header{"Location": {"/api/v1/repos/acme/store/statuses/" + at.SHA}},
		})
		_, err := c.Create(b.Ctx(), at, done)
		_ = b.Fails(err, v1alpha1.ReasonMoved)
	}
	b.Expect(b.gitea.Writes()).To(HaveLen(writes + 4))
}

func TestNothingBeyondASCIIIsSent(t *testing.T) {
	b := newBench(t)
	shown := b.Create(b.Client(repository), at, providers.Status{Phase: v1alpha1.PhaseQueued, Description: "ä \u2028 日本 😀 <b>"})
	b.Expect(shown.Description).To(Equal("ä \u2028 日本 😀 <b>"))
	for _, c := range b.gitea.Writes()[0].RequestBody {
		b.Expect(c).To(BeNumerically("<", 0x80))
	}
}
