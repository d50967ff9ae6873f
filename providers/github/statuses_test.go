package github

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/test/providercontract"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// newUserBench is a bench whose account is a user's plain token.
func newUserBench(t *testing.T, opts ...fake.UserOption) *bench {
	t.Helper()
	b := newBench(t)
	b.Provider.Spec.GitHub.AppID = 0
	b.Account = b.openUser(b.github.AddUser("Hubot", opts...))
	return b
}

func (b *bench) openUser(token string) providers.Account {
	b.T.Helper()
	account := b.OpenAs(b.Provider, map[string][]byte{tokenField: []byte(token)})
	return account
}

func (b *bench) statuses() []fake.Status { return b.github.Statuses(repository, sha) }

func (b *bench) somebodyElse(context, state string) {
	b.github.AddStatus(fake.Status{Repository: repository, SHA: sha, Context: context, State: state, Creator: "mona"})
}

func statusID(shown providers.Shown) int64 { return shown.Handle.GitHub.StatusID }

func TestWhoseTokenItIsIsAskedOnceForAllWhoAsk(t *testing.T) {
	b := newUserBench(t)
	lane, known := b.Account.Lane(repository)
	b.Expect(lane).To(HaveSuffix("/token/acme-github"))
	b.Expect(known).To(BeFalse())
	b.Expect(b.github.Calls()).To(BeEmpty(), "not before it is needed")
	b.github.Inject(fake.Fault{Match: withMethod("GET", "/user"), Delay: 50 * time.Millisecond})
	var wg sync.WaitGroup
	errs := make([]error, 50)
	for i := range errs {
		wg.Go(func() { _, errs[i] = b.Account.Client(b.Ctx(), repository) })
	}
	wg.Wait()
	b.Expect(errors.Join(errs...)).NotTo(HaveOccurred())
	b.Expect(providercontract.Count(b.github, opFindUser)).To(Equal(1))
	lane, known = b.Account.Lane("other/repository")
	b.Expect(lane).To(HaveSuffix("/user/hubot"))
	b.Expect(known).To(BeTrue())
}

func TestAllTokensOfAUserShareALaneAndAllUsersAreOneWriter(t *testing.T) {
	b := newUserBench(t)
	b.Client(repository)
	lane, _ := b.Account.Lane(repository)
	writer := b.Account.Writer()

	b.Account = b.openUser(b.github.AddUser("hubot"))
	b.Expect(b.Account.Writer()).To(Equal(writer), "nothing is canceled when a token is rotated")
	b.Client(repository)
	again, _ := b.Account.Lane(repository)
	b.Expect(again).To(Equal(lane))

	b.Account = b.openUser(b.github.AddUser("mona"))
	b.Expect(b.Account.Writer()).To(Equal(writer))
	b.Client(repository)
	other, _ := b.Account.Lane(repository)
	b.Expect(other).To(HaveSuffix("/user/mona"))
}

func TestAPauseThatIsRecordedHoldsForTheQuestionToo(t *testing.T) {
	b := newUserBench(t)
	host, err := b.Kind.Host(b.Provider.Spec)
	b.Expect(err).NotTo(HaveOccurred())
	at := func(d time.Duration) *metav1.Time { now := metav1.NewTime(time.Now().Add(d)); return &now }
	b.Provider.Status.Installations = []v1alpha1.Installation{
		{ID: "github.com/user/somewhere-else", ObservedAt: at(0)},
		{ID: host + "/user/before", ObservedAt: at(-time.Hour)},
		{ID: host + "/user/hubot", ObservedAt: at(-time.Minute)},
		{ID: host + "/app/1/installation/2", ObservedAt: at(0)},
	}
	b.Account = b.openUser(b.github.AddUser("hubot"))
	lane, known := b.Account.Lane(repository)
	b.Expect(lane).To(Equal(host + "/user/hubot"))
	b.Expect(known).To(BeFalse(), "the token may be somebody else's now")
}

func TestAUserThatCannotBeToldIsToldApart(t *testing.T) {
	for name, tc := range map[string]struct {
		status          int
		body            string
		reason, message string
	}{
		"refused": {
			401, `{"message":"Bad credentials"}`, v1alpha1.ReasonCredentialsInvalid,
			"GitHub refuses the token of Secret acme-github-app (Bad credentials)",
		},
		"an installation's": {
			403, `{"message":"Resource not accessible by integration"}`, v1alpha1.ReasonCredentialsInvalid,
			"the token of Secret acme-github-app is no user's: it must be a personal access token (a GitHub App signs in with its private key)",
		},
		"no such page": {
			404, "<html>Not here</html>", v1alpha1.ReasonUnavailable,
			"has no API at spec.github.apiURL: on GitHub Enterprise Server it is https://HOST/api/v3",
		},
		"nobody": {200, `{}`, v1alpha1.ReasonUnavailable, "the answer is not understood"},
		"down":   {502, `<html></html>`, v1alpha1.ReasonUnavailable, "answered 502 Bad Gateway"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newUserBench(t)
			b.Account = b.openUser(b.github.AddUser("hubot"))
			b.github.Inject(fake.Fault{Match: withMethod("GET", "/user"), Status: tc.status, Body: tc.body, Times: 2})
			for range 2 {
				_, err := b.Account.Client(b.Ctx(), repository)
				e := b.Fails(err, tc.reason)
				b.Expect(e.Message).To(ContainSubstring(tc.message))
				b.Expect(e.Unknown).To(BeFalse())
			}
			b.Client(repository)
		})
	}
}

func TestAStatusShowsWhatItCanAndCutsVisibly(t *testing.T) {
	const url = "https://ci.example.com/1"
	for name, tc := range map[string]struct{ want, shown providers.Status }{
		"queued":      {providers.Status{Phase: "queued", URL: url}, providers.Status{Phase: "in_progress", URL: url}},
		"in_progress": {providers.Status{Phase: "in_progress"}, providers.Status{Phase: "in_progress"}},
		"success":     {providers.Status{Phase: "success"}, providers.Status{Phase: "success"}},
		"failure":     {providers.Status{Phase: "failure"}, providers.Status{Phase: "failure"}},
		"canceled":    {providers.Status{Phase: "canceled"}, providers.Status{Phase: "canceled"}},
		"cancelled":   {providers.Status{Phase: "cancelled"}, providers.Status{Phase: "canceled"}},
		"none":        {providers.Status{Phase: "done"}, providers.Status{Phase: "done"}},
		"140 characters": {
			providers.Status{Phase: "success", Description: strings.Repeat("ü", 140)},
			providers.Status{Phase: "success", Description: strings.Repeat("ü", 140)},
		},
		"141 characters": {
			providers.Status{Phase: "success", Description: strings.Repeat("ü", 141)},
			providers.Status{Phase: "success", Description: strings.Repeat("ü", 139) + "…"},
		},
		"white space": {
			providers.Status{Phase: "success", Description: " " + strings.Repeat("a", 138) + "  b c\n"},
			providers.Status{Phase: "success", Description: strings.Repeat("a", 138) + "…"},
		},
		"emoji and broken text": {
			providers.Status{Phase: "success", Description: "✓ 🐛 \xff!"},
			providers.Status{Phase: "success", Description: "✓ \uFFFD \uFFFD!"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(statusDialect{}.Render(tc.want)).To(Equal(tc.shown))
			g.Expect(statusDialect{}.Render(tc.shown)).To(Equal(tc.shown))
		})
	}
}

func TestTheNextStatusIsNoneOrOneMore(t *testing.T) {
	status := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{StatusID: 1}}
	run := v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: 1}}
	running := providers.Status{Phase: "in_progress", Description: "d"}
	for name, tc := range map[string]struct {
		shown *providers.Shown
		want  providers.Status
		step  providers.Step
	}{
		"nothing yet":            {nil, running, providers.StepCreate},
		"the same":               {&providers.Shown{Status: running, Handle: status}, running, providers.StepNone},
		"what reads as the same": {&providers.Shown{Status: running, Handle: status}, providers.Status{Phase: "queued", Description: "d"}, providers.StepNone},
		"a change":               {&providers.Shown{Status: running, Handle: status}, providers.Status{Phase: "in_progress"}, providers.StepCreate},
		"back":                   {&providers.Shown{Status: providers.Status{Phase: "success"}, Handle: status}, queued, providers.StepCreate},
		"the App's check run":    {&providers.Shown{Status: running, Handle: run}, running, providers.StepCreate},
		"no phase":               {nil, providers.Status{Phase: "done"}, providers.StepUnsupported},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(statusDialect{}.Next(tc.shown, tc.want)).To(Equal(tc.step))
			if tc.step == providers.StepUnsupported {
				g.Expect(statusDialect{}.Obstacle(tc.shown, tc.want)).To(Equal(`knows no phase "done"`))
			}
		})
	}
	NewWithT(t).Expect(dialect{}.Next(&providers.Shown{Status: running, Handle: status}, running)).
		To(Equal(providers.StepCreate), "nor does an App take a plain token's status for its check run")
}

func TestAWriteKeepsTheWordThatWasAskedFor(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	shown := b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseQueued})
	b.Expect(shown.Phase).To(Equal(v1alpha1.PhaseQueued))
	b.Expect(b.statuses()[0].State).To(Equal("pending"))
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found.Phase).To(Equal(v1alpha1.PhaseInProgress))
	b.Expect(b.Account.Next(found, providers.Status{Phase: v1alpha1.PhaseQueued})).To(Equal(providers.StepNone))
	b.Step(c, at("x"), &shown, providers.Status{Phase: v1alpha1.PhaseInProgress})
	b.Expect(b.statuses()).To(HaveLen(1))

	b.github.Inject(fake.Fault{Match: withMethod("POST", "/statuses"), Status: 201, Body: `{"id":7,"state":"failure"}`})
	shown, err = c.Create(b.Ctx(), at("x"), queued)
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown.Phase).To(Equal(v1alpha1.PhaseFailure), "what GitHub says counts")
}

func TestAStatusSaysNoMoreThanThereIsToSay(t *testing.T) {
	b := newUserBench(t)
	shown, err := b.Client(repository).Update(b.Ctx(), at("quiet"), providers.Shown{}, providers.Status{Phase: "cancelled"})
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(shown.Status).To(Equal(providers.Status{Phase: v1alpha1.PhaseCanceled}))
	b.Expect(statusID(shown)).To(Equal(b.statuses()[0].ID))
	var body map[string]any
	b.Expect(json.Unmarshal(b.github.Writes()[0].RequestBody, &body)).To(Succeed())
	b.Expect(body).To(Equal(map[string]any{"state": "error", "context": "quiet"}))
	_, err = b.Client(repository).Create(b.Ctx(), at("x"), providers.Status{Phase: "done"})
	_ = b.Fails(err, v1alpha1.ReasonInvalid)
}

func TestContextsThatDifferInCaseAreOneStatus(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.Step(c, at("Build"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	newest := b.Step(c, at("build"), nil, providers.Status{Phase: v1alpha1.PhaseFailure})
	for _, name := range []string{"Build", "build", "BUILD"} {
		found, err := c.Find(b.Ctx(), at(name))
		b.Expect(err).NotTo(HaveOccurred())
		b.Expect(*found).To(Equal(newest), name)
	}
	listed := b.list(c, "").Statuses
	b.Expect(listed).To(HaveLen(2))
	b.Expect(listed["Build"].Shown).To(Equal(newest))
	b.Expect(listed["build"].Shown).To(Equal(newest))
}

func TestAnEmojiInANameIsSpelledOut(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.Step(c, at("ship 🚀"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.Expect(b.statuses()[0].Context).To(Equal("ship U+1F680"))
	b.Expect(b.list(c, "").Statuses).To(And(HaveKey("ship 🚀"), HaveKey("ship U+1F680")))
	for _, call := range []error{
		func() error { _, err := c.Create(b.Ctx(), at(strings.Repeat("🚀", 40)), queued); return err }(),
		func() error { _, err := c.Find(b.Ctx(), at(strings.Repeat("🚀", 40))); return err }(),
	} {
		_ = b.Fails(call, v1alpha1.ReasonInvalid)
	}
	b.Expect(spellings("U+0041 U+1F680 U+FFFFFF")).To(ConsistOf("U+0041 U+1F680 U+FFFFFF", "U+0041 🚀 U+FFFFFF"))
}

func TestWhatSomebodyElseSupersededIsNotOurs(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.somebodyElse("X", "failure")
	found, err := c.Find(b.Ctx(), at("x"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).To(BeNil())

	listing := b.list(c, "")
	b.Expect(listing.Marked).To(BeFalse())
	b.Expect(listing.Statuses["x"].Phase).To(Equal(v1alpha1.PhaseFailure))
	b.Expect(listing.Statuses["x"].Foreign).To(BeTrue())
	listed := listing.Statuses["x"].Shown
	b.Step(c, at("x"), &listed, providers.Status{Phase: v1alpha1.PhaseSuccess})
	b.Expect(b.list(c, "").Statuses["x"].Foreign).To(BeFalse())
}

func TestAListTakesOneRequestForEachPage(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.Step(c, at("oldest"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	for i := range 250 {
		b.somebodyElse(fmt.Sprint("other ", i%5), "pending")
	}
	b.Step(c, at("newest"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	before := providercontract.Count(b.github, opListStatuses)
	listing := b.list(c, "")
	b.Expect(listing.Statuses).To(HaveLen(7))
	b.Expect(listing.Tag).To(BeEmpty(), "a page's tag says nothing of the others")
	b.Expect(providercontract.Count(b.github, opListStatuses)).To(Equal(before + 3))

	found, err := c.Find(b.Ctx(), at("newest"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).NotTo(BeNil())
	b.Expect(providercontract.Count(b.github, opListStatuses)).To(Equal(before+4), "a look ends where the name is")
	found, err = c.Find(b.Ctx(), at("oldest"))
	b.Expect(err).NotTo(HaveOccurred())
	b.Expect(found).NotTo(BeNil())
	b.Expect(providercontract.Count(b.github, opListStatuses)).To(Equal(before + 7))
}

func TestAnUnchangedListCostsNothing(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.Step(c, at("x"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
	tag := b.list(c, "").Tag
	spent := b.spent()
	b.Expect(b.list(c, tag).Unchanged).To(BeTrue())
	b.Expect(b.spent()).To(Equal(spent))
	b.Expect(b.Bucket().InFlight()).To(BeZero())
}

func TestAListThatMakesNoSenseIsNotBelieved(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	for _, body := range []string{`null`, `{}`, `[1]`, ``} {
		b.github.Inject(fake.Fault{Match: withMethod("GET", "/statuses"), Status: 200, Body: body})
		_, err := c.List(b.Ctx(), commit, "")
		_ = b.Fails(err, v1alpha1.ReasonUnavailable)
	}
	b.github.Inject(fake.Fault{
		Match: withMethod("GET", "/statuses"), Status: 200,
		Body: `[null, {"id":1}, {"context":"x"}, {"id":3,"context":"x","state":"success"}, {"id":2,"context":"x","state":"failure"}]`,
	})
	statuses := b.list(c, "").Statuses
	b.Expect(statuses).To(HaveLen(1))
	b.Expect(statusID(statuses["x"].Shown)).To(BeEquivalentTo(3))
}

func TestAThousandStatusesOfANameAreToldAsSuch(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	for range 1000 {
		b.somebodyElse("Full", "pending")
	}
	_, err := c.Create(b.Ctx(), at("full"), providers.Status{Phase: v1alpha1.PhaseSuccess})
	e := b.Fails(err, v1alpha1.ReasonInvalid)
	b.Expect(e.Message).To(Equal(`commit 1f0c7d4 has the most statuses named "full" that GitHub keeps, 1000: it takes another name or another commit`))
	b.Expect(e.Unknown).To(BeFalse())
	b.Step(c, at("another"), nil, providers.Status{Phase: v1alpha1.PhaseSuccess})
}

func TestATokenThatMayNotWriteIsToldWhatItLacks(t *testing.T) {
	for name, tc := range map[string]struct {
		options         []fake.UserOption
		reason, message string
	}{
		"permission": {
			[]fake.UserOption{fake.WithoutStatusesWrite()},
			v1alpha1.ReasonCredentialsInvalid,
			"user Hubot lacks the permission commit statuses: write (or scope repo:status) in acme/shop",
		},
		"scope": {
			[]fake.UserOption{fake.WithScopes("read:org", "gist")},
			v1alpha1.ReasonCredentialsInvalid,
			"the token of user Hubot lacks the scope repo:status",
		},
		"any scope": {
			[]fake.UserOption{fake.WithScopes()},
			v1alpha1.ReasonRepoNotFound,
			"repository acme/shop does not exist, or user Hubot has no access to it: it takes commit statuses: write (or scope repo:status)",
		},
		"nothing": {[]fake.UserOption{fake.WithScopes("repo:status")}, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newUserBench(t, tc.options...)
			_, err := b.Client(repository).Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess})
			if tc.reason == "" {
				b.Expect(err).NotTo(HaveOccurred())
				return
			}
			e := b.Fails(err, tc.reason)
			b.Expect(e.Message).To(Equal(tc.message))
			b.Expect(b.PausedUntil()).To(BeZero())
			b.list(b.Client(repository), "")
		})
	}
}

func TestALimitOfAUserPausesTheUser(t *testing.T) {
	b := newUserBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{
		Match: withMethod("POST", "/statuses"), Status: 403, Body: `{"message":"API rate limit exceeded for user ID 1000."}`,
		Header: http.Header{"X-Ratelimit-Remaining": {"0"}},
	})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	e := b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(e.Message).To(HaveSuffix("limits the requests of user Hubot"))
	b.Expect(b.PausedUntil()).To(BeTemporally(">", time.Now().Add(30*time.Minute)))
}

func TestATokenIsNeverPrinted(t *testing.T) {
	b := newUserBench(t)
	secret := b.github.AddUser("hubot")
	account := b.openUser(secret)
	b.Client(repository)
	b.Expect(fmt.Sprintf("%v %+v %#v", account, account, account)).NotTo(ContainSubstring(secret))
	held := plainToken{&secret}
	b.Expect(fmt.Sprintf("%v %+v %#v %s", held, held, held, held)).To(Equal("*** *** *** ***"))
	b.Expect(account.Exclusion(commit)).To(BeEmpty())
}
