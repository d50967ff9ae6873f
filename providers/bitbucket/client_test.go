package bitbucket

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/bitbucket"
)

func TestAWriteSaysAllOfAStatus(t *testing.T) {
	both(t, func(b *bench) {
		c := b.Client(repository)
		shown := b.Create(c, at, providers.Status{Phase: v1alpha1.PhaseQueued, URL: link})
		b.Expect(shown).To(Equal(providers.Shown{
			Status: providers.Status{Phase: v1alpha1.PhaseQueued, URL: link},
			Handle: b.service.handle(&v1alpha1.BitbucketHandle{Key: "x"}),
		}), "the phase that was asked for")
		write := b.bitbucket.Writes()[0]
		var body map[string]any
		b.Expect(json.Unmarshal(write.RequestBody, &body)).To(Succeed())
		b.Expect(body).To(Equal(map[string]any{"key": "x", "name": "x", "state": "INPROGRESS", "description": "", "url": link}), "what is empty replaces what was there")
		b.Expect(write.RequestHeader.Get("User-Agent")).To(Equal("commit-status-hub"))

		shown, err := c.Update(b.Ctx(), at, shown, providers.Status{Phase: "cancelled", Description: "d", URL: link})
		b.Expect(err).NotTo(HaveOccurred())
		b.Expect(shown.Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseCanceled, Description: "d", URL: link}))
		b.Expect(b.bitbucket.Builds(repository, sha)).To(HaveLen(1))
		b.Expect(b.bitbucket.Builds(repository, sha)[0].State).To(Equal(b.service.canceled))
		b.Expect(b.bitbucket.Calls()).To(HaveLen(2))

		_, err = c.Create(b.Ctx(), at, providers.Status{Phase: "skipped"})
		_ = b.Fails(err, v1alpha1.ReasonInvalid)
		b.Expect(b.bitbucket.Calls()).To(HaveLen(2), "what is no phase is not sent")
	})
}

func TestALongNameIsListedUnderItsName(t *testing.T) {
	both(t, func(b *bench) {
		c, long := b.Client(repository), at
		long.Name = strings.Repeat("long ", 50) + "name"
		shown := b.Create(c, long, done)
		b.Expect(b.service.handleOf(shown.Handle).Key).To(HaveLen(40))
		b.Expect(b.list(c)).To(Equal(map[string]providers.Listed{long.Name: {Shown: shown}}))
		b.Expect(b.Find(c, long)).To(Equal(&shown))

		b.bitbucket.SetBuild(repository, sha, fake.Build{Key: keyOf(long.Name), Name: "renamed", State: "SUCCESSFUL", URL: link})
		b.Expect(b.list(c)).To(BeEmpty(), "nobody knows whose it is")
		_, err := c.Update(b.Ctx(), long, shown, done)
		b.Expect(err).NotTo(HaveOccurred())
		b.Expect(b.list(c)).To(HaveKey(long.Name))
	})
}

func TestEveryPageIsRead(t *testing.T) {
	both(t, func(b *bench) {
		for i := range 230 {
			b.bitbucket.SetBuild(repository, sha, fake.Build{Key: fmt.Sprint("build ", i), State: "SUCCESSFUL", URL: link})
		}
		b.Expect(b.list(b.Client(repository))).To(HaveLen(230))
		b.Expect(b.bitbucket.Calls()).To(HaveLen(3))
	})
}

func TestAListThatDoesNotMakeSenseIsNoList(t *testing.T) {
	for name, f := range map[string]fake.Fault{
		"null":             {Status: 200, Body: "null"},
		"an array":         {Status: 200, Body: "[]"},
		"no values":        {Status: 200, Body: `{"isLastPage":true}`},
		"another success":  {Status: 202, Body: `{"values":[],"isLastPage":true}`},
		"another host":     {Status: 200, Body: `{"values":[],"next":"https://elsewhere.example.com/2.0/x"}`},
		"another place":    {Status: 200, Body: `{"values":[],"next":"/2.0/x"}`},
		"the same page":    {Status: 200, Body: `{"values":[],"isLastPage":false,"nextPageStart":0,"next":"x"}`},
		"a page of a sign": {Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(b *bench) {
				b.bitbucket.Inject(f)
				_, err := b.Client(repository).List(b.Ctx(), commit, "")
				_ = b.Fails(err, v1alpha1.ReasonUnavailable)
				b.Expect(b.bitbucket.Calls()).To(HaveLen(1))
			})
		})
	}
	t.Run("endless", func(t *testing.T) {
		b := newBench(t, cloud)
		b.bitbucket.Inject(fake.Fault{Status: 200, Times: -1, Body: `{"values":[],"next":"` + b.bitbucket.URL() + `/again"}`})
		_, err := b.Client(repository).List(b.Ctx(), commit, "")
		_ = b.Fails(err, v1alpha1.ReasonUnavailable)
		b.Expect(b.bitbucket.Calls()).To(HaveLen(maxPages))
	})
}

func TestAnAnswerAboutAnotherKeyIsNotBelieved(t *testing.T) {
	both(t, func(b *bench) {
		c := b.Client(repository)
		for _, body := range []string{`{"key":"y","state":"SUCCESSFUL"}`, `{"key":"x"}`, "{}"} {
			b.bitbucket.Inject(fake.Fault{Match: withMethod(http.MethodGet), Status: 200, Body: body})
			_, err := c.Find(b.Ctx(), at)
			_ = b.Fails(err, v1alpha1.ReasonUnavailable)
			b.bitbucket.Inject(fake.Fault{Match: withMethod(http.MethodPost), Status: 201, Body: body})
			_, err = c.Create(b.Ctx(), at, done)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeTrue())
		}
	})
}

func TestWhatIsNotThereIsToldApart(t *testing.T) {
	both(t, func(b *bench) {
		c, early := b.Client(repository), at
		early.SHA = unknown
		b.Expect(b.Find(c, at)).To(BeNil())
		_, err := c.Find(b.Ctx(), early)
		_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
		_, err = c.Create(b.Ctx(), early, done)
		_ = b.Fails(err, v1alpha1.ReasonCommitNotFound)
		b.bitbucket.Inject(fake.Fault{Match: withMethod(http.MethodGet), Status: 404, Body: "<html>"})
		_, err = c.Find(b.Ctx(), at)
		_ = b.Fails(err, v1alpha1.ReasonUnavailable)

		b.bitbucket.RemoveRepo(repository)
		_, err = c.Create(b.Ctx(), at, done)
		e := b.Fails(err, v1alpha1.ReasonRepoNotFound)
		b.Expect(e.Unknown).To(BeFalse())
		b.Expect(e.Message).To(ContainSubstring(repository))
		_, err = c.Find(b.Ctx(), at)
		_ = b.Fails(err, v1alpha1.ReasonRepoNotFound)
	})
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	both(t, func(b *bench) {
		reader := b.bitbucket.AddToken("reader", "read")
		b.Account = b.OpenAs(b.Provider, map[string][]byte{"token": []byte(reader)})
		c := b.Client(repository)
		b.list(c)
		_, err := c.Create(b.Ctx(), at, done)
		e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
		b.Expect(e.Message).To(And(
			HavePrefix("the credential lacks a permission in repository acme/shop"), ContainSubstring(": You")))
		b.Expect(b.Installations.Get(b.Account.Writer()).PausedUntil()).To(BeZero())

		b.bitbucket.RevokeTokens("reader")
		_, err = c.List(b.Ctx(), commit, "")
		_ = b.Fails(err, v1alpha1.ReasonCredentialsInvalid)

		b.Account = b.OpenAs(b.Provider, map[string][]byte{"token": []byte(b.token)})
		_, err = b.Client(repository).Create(b.Ctx(), at, providers.Status{Phase: v1alpha1.PhaseQueued, URL: "ftp://ci.example.com"})
		b.Expect(b.Fails(err, v1alpha1.ReasonInvalid).Message).To(Equal(b.service.title + " refused it: url: Enter a valid URL."))
		b.bitbucket.Inject(fake.Fault{Status: 418, Body: "<html>"})
		_, err = b.Client(repository).Create(b.Ctx(), at, done)
		b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Message).To(ContainSubstring("a proxy may have answered"))
		b.bitbucket.Inject(fake.Fault{Status: 413, Body: "<html>"})
		_, err = b.Client(repository).Create(b.Ctx(), at, done)
		b.Expect(b.Fails(err, v1alpha1.ReasonInvalid).Message).To(Equal(b.service.title + " refused it: 413 Request Entity Too Large"))

		for _, status := range []int{301, 302, 307, 308} {
			b.bitbucket.Inject(fake.Fault{Status: status, Header: http.Header{"Location": {b.bitbucket.URL()}}})
			before := len(b.bitbucket.Calls())
			_, err = b.Client(repository).Create(b.Ctx(), at, done)
			_ = b.Fails(err, v1alpha1.ReasonMoved)
			b.Expect(b.bitbucket.Calls()).To(HaveLen(before + 2))
			b.Expect(b.bitbucket.Calls()[before+1].Operation).To(Equal(fake.OpGetRepo))
		}
	})
}

func TestAnotherUsersStatusStaysAsItIsInCloud(t *testing.T) {
	b := newBench(t, cloud)
	theirs := fake.Build{Key: at.Name, Name: at.Name, State: "FAILED", URL: link, Author: "somebody"}
	b.bitbucket.SetBuild(repository, sha, theirs)
	_, err := b.Client(repository).Create(b.Ctx(), at, done)
	e := b.Fails(err, v1alpha1.ReasonCredentialsInvalid)
	b.Expect(e.Message).To(ContainSubstring("another user's, who alone may change it"))
	b.Expect(b.bitbucket.Builds(repository, sha)[0].State).To(Equal(theirs.State))
}

func TestDataCentersBucketIsObeyed(t *testing.T) {
	b := newBench(t, center, fake.WithLimits(fake.Limits{Tokens: 3, Fill: 3, Interval: 2 * time.Second}))
	c := b.Client(repository)
	for i := range 9 {
		one := at
		one.Name = fmt.Sprint(i)
		b.Eventually(func() error { _, err := c.Create(b.Ctx(), one, done); return err }, "10s", "50ms").Should(Succeed())
	}
	b.Expect(b.bitbucket.Builds(repository, sha)).To(HaveLen(9))
	b.Expect(b.bitbucket.Violations()).To(BeZero())
}

func TestCloudsLimitPausesAll(t *testing.T) {
	b := newBench(t, cloud, fake.WithLimits(fake.Limits{RequestsPerHour: 2, Scaled: true}))
	c := b.Client(repository)
	b.Create(c, at, done)
	b.Create(c, at, done)
	for range 3 {
		_, err := c.Create(b.Ctx(), at, done)
		_ = b.Fails(err, v1alpha1.ReasonPending)
	}
	b.Expect(len(b.bitbucket.Calls())).To(BeNumerically("<=", 3))
}
