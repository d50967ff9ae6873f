package gitlab

import (
	"net/http"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestAnAnswerOfGitLabTellsWhatToDo(t *testing.T) {
	q := question{operation: opSet, host: "gitlab.com", who: "user bot", repository: "acme/shop", sha: "1f0c", pipeline: 12}
	unavailable, invalid, credentials := v1alpha1.ReasonUnavailable, v1alpha1.ReasonInvalid, v1alpha1.ReasonCredentialsInvalid
	for name, tc := range map[string]struct {
		status  int
		body    string
		reason  string
		unknown bool
		message string
	}{
		"429":         {429, retryLater, v1alpha1.ReasonPending, false, "gitlab.com limits the requests of user bot"},
		"401":         {401, `{"message":"401 Unauthorized"}`, credentials, false, "gitlab.com refuses the token of user bot (401 Unauthorized)"},
		"401, page":   {401, badGateway, unavailable, true, "gitlab.com answered 401 Unauthorized, which is not in the form of GitLab: a proxy may have answered"},
		"403":         {403, forbidden403, credentials, false, "user bot lacks the role Developer in acme/shop, or Maintainer where the branch is protected"},
		"404 project": {404, `{"message":"404 Project Not Found"}`, v1alpha1.ReasonRepoNotFound, false, "project acme/shop does not exist, or user bot has no access to it"},
		"404 page":    {404, badGateway, unavailable, true, "gitlab.com answered 404 Not Found, which is not in the form of GitLab: a proxy may have answered"},
		"404 commit":  {404, noCommit, v1alpha1.ReasonCommitNotFound, false, "project acme/shop has no commit 1f0c"},
		"404 refs":    {404, `{"message":"404 References for commit Not Found"}`, v1alpha1.ReasonCommitNotFound, false, "commit 1f0c is on no branch or tag of acme/shop"},
		"404 pipeline": {
			404, `{"message":"404 Pipeline for pipeline_id, sha and ref Not Found"}`, unavailable, false,
			"pipeline 12 of commit 1f0c in acme/shop does not exist any more",
		},
		"405": {405, `{"message":"Non GET methods are not allowed for moved projects"}`, v1alpha1.ReasonMoved, false, "repository acme/shop has another name now: change spec.repository of the GitRepo"},
		"409": {409, another, unavailable, false, "another status of commit 1f0c is being written in acme/shop"},
		"transition": {
			400, transition, unavailable, false,
			`somebody else has changed the status: Cannot transition status via :run from :running (Reason(s): Status cannot transition via "run")`,
		},
		"field":        {400, badURL, invalid, false, "GitLab refused it: target_url is blocked: Only allowed schemes are http, https"},
		"two fields":   {400, `{"message":{"b":["is bad","is ugly"],"a":"is odd","c":7}}`, invalid, false, "GitLab refused it: a is odd; b is bad; b is ugly"},
		"job":          {400, `{"message":{"name":["has already been taken"]}}`, invalid, false, "a CI job of the commit's pipeline has the same name as the status"},
		"no message":   {400, `{"error":"state is missing"}`, invalid, false, "GitLab refused it: state is missing"},
		"nothing":      {400, ``, unavailable, true, "gitlab.com answered 400 Bad Request, which is not in the form of GitLab: a proxy may have answered"},
		"not printed":  {422, `{"message":"\u0000"}`, invalid, false, "GitLab refused it: 422 Unprocessable Entity"},
		"a list":       {422, `["no"]`, unavailable, true, "gitlab.com answered 422 Unprocessable Entity, which is not in the form of GitLab: a proxy may have answered"},
		"null":         {400, `null`, unavailable, true, "gitlab.com answered 400 Bad Request, which is not in the form of GitLab: a proxy may have answered"},
		"too large":    {413, "Request Entity Too Large", invalid, false, "GitLab refused it: 413 Request Entity Too Large"},
		"timeout":      {408, "", unavailable, true, "gitlab.com answered 408 Request Timeout"},
		"500":          {500, `{"message":"500 Internal Server Error"}`, unavailable, true, "gitlab.com answered 500 Internal Server Error"},
		"502":          {502, badGateway, unavailable, true, "gitlab.com answered 502 Bad Gateway"},
		"a long story": {400, `{"message":"` + strings.Repeat("x", 1000) + `"}`, invalid, false, "GitLab refused it: " + strings.Repeat("x", 280) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			e := judge(q, tc.status, []byte(tc.body))
			g.Expect(e.Message).To(Equal(tc.message))
			g.Expect(e.Reason).To(Equal(tc.reason))
			g.Expect(e.Unknown).To(Equal(tc.unknown))
			g.Expect(e.Stale).To(Equal(name == "404 pipeline" || name == "transition"))
			g.Expect(e.Refused != providers.RefusedNothing).To(Equal(e.Reason == credentials || e.Reason == v1alpha1.ReasonRepoNotFound))
			if tc.status >= 500 {
				q := q
				q.operation = opList
				g.Expect(judge(q, tc.status, []byte(tc.body)).Unknown).To(BeFalse(), "a read changes nothing")
			}
		})
	}
	for _, status := range []int{http.StatusOK, http.StatusCreated, http.StatusFound} {
		if e := judge(q, status, nil); e != nil {
			t.Errorf("%d is refused: %v", status, e)
		}
	}
}

func TestWhoMayNotIsTold(t *testing.T) {
	for name, tc := range map[string]struct {
		change  func(*bench)
		reason  string
		message string
		write   bool
	}{
		"reporter": {
			func(b *bench) { b.gitlab.AddMember(repository, bot, fake.Reporter) }, v1alpha1.ReasonCredentialsInvalid,
			"user group_1_bot lacks the role Developer in acme/platform/shop, or Maintainer where the branch is protected", true,
		},
		"protected branch": {
			func(b *bench) { b.gitlab.Protect(repository, "main") }, v1alpha1.ReasonCredentialsInvalid,
			"user group_1_bot lacks the role Developer in acme/platform/shop, or Maintainer where the branch is protected", true,
		},
		"guest": {
			func(b *bench) { b.gitlab.AddMember(repository, bot, fake.Guest) }, v1alpha1.ReasonCredentialsInvalid,
			"user group_1_bot lacks the role Reporter in acme/platform/shop", false,
		},
		"scope": {
			func(b *bench) { b.Account = b.open(b.Provider, b.gitlab.AddToken(bot, fake.ReadOnly())) }, v1alpha1.ReasonCredentialsInvalid,
			"the token of user group_1_bot lacks the scope api", true,
		},
		"deleted": {
			func(b *bench) { b.gitlab.RemoveProject(repository) }, v1alpha1.ReasonRepoNotFound,
			"project acme/platform/shop does not exist, or user group_1_bot has no access to it", true,
		},
		"moved": {
			func(b *bench) { b.gitlab.MoveProject(repository, "acme/new") }, v1alpha1.ReasonMoved,
			"repository acme/platform/shop is acme/new now: change spec.repository of the GitRepo", true,
		},
		"a CI job": {
			func(b *bench) { b.gitlab.AddJob(b.gitlab.AddPipeline(repository, sha, "main"), "x", "running") }, v1alpha1.ReasonInvalid,
			"a CI job of the commit's pipeline has the same name as the status", true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			tc.change(b)
			c := b.Client(repository)
			var err error
			if tc.write {
				_, err = c.Create(b.Ctx(), at("x"), queued)
			} else {
				_, err = c.Find(b.Ctx(), at("x"))
			}
			e := b.Fails(err, tc.reason)
			b.Expect(e.Message).To(Equal(tc.message))
			b.Expect(e.Unknown).To(BeFalse())
			b.Expect(b.PausedUntil()).To(BeZero())
		})
	}
}

func TestAReadOfAProjectThatMovedIsSentOn(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, queued)
	b.gitlab.MoveProject(repository, "acme/new")
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(*found).To(Equal(shown))
}

func TestACommitThatIsNotThereYetIsTold(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	early := at("x")
	early.SHA = unpushed
	_, err := c.Create(b.Ctx(), early, queued)
	b.Expect(b.Fails(err, v1alpha1.ReasonCommitNotFound).Message).To(Equal("project acme/platform/shop has no commit " + unpushed))
	_, err = c.Find(b.Ctx(), early)
	_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
	_, err = c.List(b.Ctx(), providers.Commit{Repository: repository, SHA: unpushed}, "")
	_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
	b.gitlab.AddCommit(repository, unpushed)
	_, err = c.Create(b.Ctx(), early, queued)
	_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
	b.gitlab.AddCommit(repository, unpushed, "main")
	b.Step(c, early, nil, queued)
}

func TestATokenThatAServerEchoesIsTakenOut(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.gitlab.Inject(fake.Fault{Match: writes, Status: 400, Body: `{"message":"bad token ` + b.token + `"}`})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	b.Expect(b.Fails(err, v1alpha1.ReasonInvalid).Message).To(Equal("GitLab refused it: bad token ***"))
}
