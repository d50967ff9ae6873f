package gitlab

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

func TestALostOrSenselessAnswerToAWriteLeavesTheOutcomeUnknown(t *testing.T) {
	for name, fault := range map[string]fake.Fault{
		"dropped before": {DropBefore: true},
		"dropped after":  {DropAfter: true},
		"cut":            {CutBody: true},
		"HTML 502":       {Status: 502, Body: badGateway},
		"empty 500":      {Status: 500},
		"garbage 200":    {Status: 200, Body: "<html>log in</html>"},
		"empty 200":      {Status: 200},
		"empty 201":      {Status: 201},
		"empty object":   {Status: 201, Body: "{}"},
		"null":           {Status: 201, Body: "null"},
		"a list":         {Status: 201, Body: "[]"},
		"cut off":        {Status: 201, Body: `{"id":1`},
		"202":            {Status: 202, Body: "{}"},
		"204":            {Status: 204},
		"304":            {Status: 304},
		"a huge ID":      {Status: 201, Body: `{"id":99999999999999999999,"status":"pending"}`},
		"a text for ID":  {Status: 201, Body: `{"id":"1","status":"pending"}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			fault.Match = writes
			b.gitlab.Inject(fault)
			c := b.Client(repository)
			_, err := c.Create(b.Ctx(), at("x"), queued)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeTrue())
			b.Expect(b.gitlab.Writes()).To(HaveLen(1))
			if found, err := c.Find(b.Ctx(), at("x")); found == nil {
				b.Expect(err).NotTo(HaveOccurred())
				b.Step(c, at("x"), nil, queued)
			}
		})
	}
}

func TestASenselessListIsNotTakenForNothing(t *testing.T) {
	for name, fault := range map[string]fake.Fault{
		"garbage": {Status: 200, Body: "<html>log in</html>"}, "null": {Status: 200, Body: "null"},
		"empty": {Status: 200}, "an object": {Status: 200, Body: "{}"}, "cut off": {Status: 200, Body: `[{"id":1`},
		"304": {Status: 304}, "HTML 502": {Status: 502, Body: badGateway}, "cut": {CutBody: true},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			c := b.Client(repository)
			fault.Match = withMethod("GET", "/statuses")
			b.gitlab.Inject(fault)
			_, err := c.Find(b.Ctx(), at("x"))
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeFalse())
		})
	}
}

func TestARequestThatDidNotLeaveHasNoUnknownOutcome(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.gitlab.Close()
	b.Installations.CloseIdleConnections()
	_, err := c.Create(b.Ctx(), at("y"), queued)
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Unknown).To(BeFalse())
	b.Expect(e.Message).To(HaveSuffix("the connection is refused"))
}

func TestAHungGitLabIsGivenUpAtTheDeadline(t *testing.T) {
	for name, match := range map[string]func(*http.Request) bool{"the write": writes, "the user": withMethod("GET", "/user")} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.gitlab.Inject(fake.Fault{Match: match, Times: -1, Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			c, err := b.Account.Client(ctx, repository)
			if err == nil {
				_, err = c.Create(ctx, at("x"), queued)
			}
			e := b.Fails(err, v1alpha1.ReasonUnavailable)
			b.Expect(e.Unknown).To(Equal(name == "the write"))
			b.Expect(e.Message).To(HaveSuffix("no answer in time"))
		})
	}
}

func TestALimitPausesTheWholeUser(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.gitlab.Inject(fake.Fault{Match: writes, Status: 429, Header: http.Header{"Retry-After": {"120"}}, Body: retryLater})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	e := b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(e.Message).To(HaveSuffix("limits the requests of user group_1_bot"))
	b.Expect(b.PausedUntil()).To(BeTemporally("~", time.Now().Add(2*time.Minute), 10*time.Second))

	b.Provider.Name = "another"
	b.Account = b.open(b.Provider, b.token)
	_, err = b.Client(repository).Find(b.Ctx(), at("y"))
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.gitlab.Writes()).To(HaveLen(1))
	b.Expect(b.gitlab.Violations()).To(BeZero())
}

func TestWhatGitLabSaysOfItsBudgetIsObeyed(t *testing.T) {
	b := newBench(t, fake.WithLimits(fake.Limits{RequestsPerMinute: 5}))
	c := b.Client(repository)
	written := 0
	for range 20 {
		if _, err := c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess}); err == nil {
			written++
		}
	}
	b.Expect(written).To(Equal(4), "the question who it is counts too")
	b.Expect(b.gitlab.Violations()).To(BeZero())
	b.noneRefused()
}

func TestAConflictIsTriedAgainAndIsNoDoubt(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.gitlab.Inject(fake.Fault{Match: writes, Delay: 300 * time.Millisecond})
	first := make(chan error, 1)
	go func() {
		_, err := c.Create(b.Ctx(), at("x"), queued)
		first <- err
	}()
	b.Eventually(b.gitlab.Writes).Should(HaveLen(1))
	b.Eventually(func() bool { return b.gitlab.Writes()[0].Injected }).Should(BeTrue())
	_, err := c.Create(b.Ctx(), at("y"), queued)
	e := b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(e.Unknown).To(BeFalse(), "it was not applied")
	b.Expect(e.Message).To(HavePrefix("another status of commit " + sha))
	b.Expect(<-first).NotTo(HaveOccurred())
	b.Step(c, at("y"), nil, queued)
	b.Expect(b.PausedUntil()).To(BeZero())
}

func TestNoRedirectTakesAWriteElsewhere(t *testing.T) {
	b := newBench(t)
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	c := b.Client(repository)
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, to := range []string{other.URL + "/steal", "/api/v4/user"} {
			b.gitlab.Inject(fake.Fault{Match: writes, Status: status, Header: http.Header{"Location": {to}}})
			_, err := c.Create(b.Ctx(), at("x"), queued)
			reason := v1alpha1.ReasonUnavailable
			if strings.HasPrefix(to, "/") {
				reason = v1alpha1.ReasonMoved
			}
			e := b.Fails(err, reason)
			b.Expect(e.Message).To(ContainSubstring("redirect"))
		}
	}
	b.gitlab.Inject(fake.Fault{Match: withMethod("GET", "/statuses"), Status: 302, Header: http.Header{"Location": {other.URL}}})
	_, err := c.Find(b.Ctx(), at("x"))
	_ = b.Fails(err, v1alpha1.ReasonUnavailable)
	b.Expect(reached.Load()).To(BeZero())

	before := len(b.gitlab.Writes())
	b.gitlab.Inject(fake.Fault{
		Match: writes, Status: 307,
		Header: http.Header{"Location": {strings.TrimSuffix(b.gitlab.URL(), "/") + "/projects/acme%2Fplatform%2Fshop/statuses/" + sha}},
	})
	_, err = c.Create(b.Ctx(), at("x"), queued)
	_ = b.Fails(err, v1alpha1.ReasonMoved)
	b.Expect(b.gitlab.Writes()).To(HaveLen(before+1), "not even the same request")
}

func TestAHugeAnswerIsNotRead(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.gitlab.Inject(fake.Fault{Match: withMethod("GET", "/statuses"), Status: 200, Body: "[" + strings.Repeat(" ", 11<<20) + "]"})
	_, err := c.Find(b.Ctx(), at("x"))
	_ = b.Fails(err, v1alpha1.ReasonUnavailable)
	b.gitlab.Inject(fake.Fault{Match: writes, Status: 400, Body: `{"message":"` + strings.Repeat("x", 1<<20) + `"}`})
	_, err = c.Create(b.Ctx(), at("x"), queued)
	_ = b.Fails(err, v1alpha1.ReasonInvalid)
}

func TestAClientIsSafeForConcurrentUse(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, _ = c.Create(b.Ctx(), at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess})
			_, _ = c.Find(b.Ctx(), at("x"))
		})
	}
	wg.Wait()
	b.Expect(b.rows("x")).NotTo(BeEmpty())
}
