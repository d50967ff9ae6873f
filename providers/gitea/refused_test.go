package gitea

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitea"
)

func TestAnAnswerThatIsNoSuccessSaysWhatToDo(t *testing.T) {
	write := question{operation: opCreate, repository: repository, sha: sha, host: "gitea.example.com"}
	read := question{operation: opList, repository: repository, sha: sha, host: "gitea.example.com"}
	for name, tc := range map[string]struct {
		q       question
		status  int
		works   bool
		said    string
		reason  string
		message string
		unknown bool
	}{
		"no commit":       {write, 500, true, "GetCommit[1f0c]: object does not exist [id: 1f0c, rel_path: ]", v1alpha1.ReasonCommitNotFound, "repository acme/shop has no commit " + sha, false},
		"kept":            {write, 500, true, "", v1alpha1.ReasonCommitNotFound, "repository acme/shop has no commit " + sha + ", or Gitea has a failure: it tells its administrators alone", true},
		"no branch":       {write, 500, true, "GetBranchCommit[main]: object does not exist [id: refs/heads/main, rel_path: ]", v1alpha1.ReasonUnavailable, "gitea.example.com answered 500 Internal Server Error", true},
		"down":            {write, 503, false, "", v1alpha1.ReasonUnavailable, "gitea.example.com answered 503 Service Unavailable", true},
		"down, a read":    {read, 502, false, "", v1alpha1.ReasonUnavailable, "gitea.example.com answered 502 Bad Gateway", false},
		"timed out":       {write, 408, false, "", v1alpha1.ReasonUnavailable, "gitea.example.com answered 408 Request Timeout", true},
		"bad token":       {read, 401, false, "invalid username, password or token", v1alpha1.ReasonCredentialsInvalid, "gitea.example.com refuses the access token: invalid username, password or token", false},
		"scope, a write":  {write, 403, false, "token does not have at least one of required scope(s)", v1alpha1.ReasonCredentialsInvalid, "the access token lacks the scope write:repository", false},
		"public only":     {write, 403, false, "token scope is limited to public repos", v1alpha1.ReasonCredentialsInvalid, "the access token is for public repositories only, which acme/shop is not", false},
		"scope, a read":   {read, 403, false, "token does not have at least one of required scope(s)", v1alpha1.ReasonCredentialsInvalid, "the access token lacks the scope read:repository", false},
		"no permission":   {write, 403, false, "user should have a permission to write to a repo", v1alpha1.ReasonCredentialsInvalid, "the token's user may not write to repository acme/shop: user should have a permission to write to a repo", false},
		"no reading":      {read, 403, false, "", v1alpha1.ReasonCredentialsInvalid, "Gitea denies it to the token's user", false},
		"no repository":   {write, 404, false, "not found", v1alpha1.ReasonRepoNotFound, "repository acme/shop does not exist, or the token's user has no access to it", false},
		"archived":        {write, 423, false, "", v1alpha1.ReasonInvalid, "repository acme/shop is archived, which makes it read-only", false},
		"refused":         {write, 422, false, "[Context]: Required", v1alpha1.ReasonInvalid, "Gitea refused it: [Context]: Required", false},
		"refused, silent": {write, 422, false, "", v1alpha1.ReasonInvalid, "Gitea refused it: 422 Unprocessable Entity", false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			e := refused(tc.q, tc.status, ratelimit.Feedback{Works: tc.works}, tc.said)
			g.Expect(e.Refused != providers.RefusedNothing).To(Equal(tc.reason == v1alpha1.ReasonCredentialsInvalid || tc.reason == v1alpha1.ReasonRepoNotFound))
			g.Expect(*e).To(Equal(providers.Error{Reason: tc.reason, Message: tc.message, Unknown: tc.unknown, Refused: e.Refused}))
		})
	}
	g := NewWithT(t)
	e := refused(write, 429, ratelimit.Feedback{Limited: true}, "")
	g.Expect(*e).To(Equal(providers.Error{Reason: v1alpha1.ReasonPending, Message: "gitea.example.com limits the requests"}))
}

func TestWhatGiteaKeepsToItselfIsLookedUp(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	early := at
	early.SHA = unknown
	for range 5 {
		_, err := c.Create(b.Ctx(), early, done)
		e := b.Fails(err, v1alpha1.ReasonCommitNotFound)
		b.Expect(e.Unknown).To(BeTrue(), "it may have been stored before something else failed")
	}
	found, err := c.Find(b.Ctx(), early)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil())
	b.Expect(b.Installations.Get(b.Account.Writer()).Bucket().Down()).To(BeFalse(), "Gitea works")
}

func TestARefusalPausesNobodyAndALimitAll(t *testing.T) {
	b := newBench(t)
	b.gitea.Grant(repository, "robot", "read")
	_, err := b.Client(repository).Create(b.Ctx(), at, done)
	_ = b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(b.Installations.Get(b.Account.Writer()).PausedUntil()).To(BeZero())

	limited := fake.New(fake.WithLimits(fake.Limits{RequestsPerMinute: 1, RetryAfter: true}))
	t.Cleanup(limited.Close)
	limited.AddRepo(repository, sha)
	limited.Grant(repository, "robot", "write")
	b.Provider.Spec.Gitea.APIURL = v1alpha1.APIURL(limited.URL())
	b.Account = b.open(limited.AddUser("robot"))
	b.Create(b.Client(repository), at, done)
	for range 3 {
		_, err = b.Client(repository).Create(b.Ctx(), at, done)
		_ = b.Fails(err, v1alpha1.ReasonPending)
	}
	b.Expect(limited.Calls()).To(HaveLen(2))
	b.Expect(b.Installations.Get(b.Account.Writer()).PausedUntil()).To(BeTemporally("~", time.Now().Add(time.Minute), 5*time.Second))
}
