package github

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
	fake "github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

var queued = providers.Status{Phase: v1alpha1.PhaseQueued}

func TestALostOrSenselessAnswerToAWriteLeavesTheOutcomeUnknown(t *testing.T) {
	write := withMethod("POST", "check-runs")
	for name, fault := range map[string]fake.Fault{
		"dropped before": {Match: write, DropBefore: true},
		"dropped after":  {Match: write, DropAfter: true},
		"HTML 502":       {Match: write, Status: 502, Body: badGate},
		"empty 500":      {Match: write, Status: 500},
		"garbage 200":    {Match: write, Status: 200, Body: "<html>log in</html>"},
		"empty 201":      {Match: write, Status: 201},
		"empty object":   {Match: write, Status: 201, Body: "{}"},
		"null":           {Match: write, Status: 201, Body: "null"},
		"a list":         {Match: write, Status: 201, Body: "[]"},
		"cut off":        {Match: write, Status: 201, Body: `{"id":1`},
		"202":            {Match: write, Status: 202, Body: "{}"},
		"a huge ID":      {Match: write, Status: 201, Body: `{"id":99999999999999999999}`},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.github.Inject(fault)
			_, err := b.Client(repository).Create(b.Ctx(), at("x"), queued)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeTrue())
			b.Expect(b.github.Writes()).To(HaveLen(1))
		})
	}
}

func TestARequestThatDidNotLeaveHasNoUnknownOutcome(t *testing.T) {
	for name, fault := range map[string]fake.Fault{
		"no token":         {Match: withMethod("POST", "access_tokens"), DropAfter: true},
		"500 for a token":  {Match: withMethod("POST", "access_tokens"), Status: 500},
		"null for a token": {Match: withMethod("POST", "access_tokens"), Status: 201, Body: "null"},
		"an empty token":   {Match: withMethod("POST", "access_tokens"), Status: 201, Body: `{"token":""}`},
		"HTML for a token": {Match: withMethod("POST", "access_tokens"), Status: 200, Body: "<html>"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.github.Inject(fault)
			c := b.Client(repository)
			_, err := c.Create(b.Ctx(), at("x"), queued)
			b.Expect(b.Fails(err, v1alpha1.ReasonUnavailable).Unknown).To(BeFalse())
			b.Expect(b.github.Writes()).To(BeEmpty())
			b.Step(c, at("x"), nil, queued)
		})
	}

	t.Run("the server is gone", func(t *testing.T) {
		b := newBench(t)
		c := b.Client(repository)
		b.Step(c, at("x"), nil, queued)
		b.github.Close()
		b.Installations.CloseIdleConnections()
		_, err := c.Create(b.Ctx(), at("y"), queued)
		e := b.Fails(err, v1alpha1.ReasonUnavailable)
		b.Expect(e.Unknown).To(BeFalse())
		b.Expect(e.Message).To(HaveSuffix("the connection is refused"))
	})

	t.Run("nobody trusts the certificate", func(t *testing.T) {
		b := newBench(t)
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		server.StartTLS()
		defer server.Close()
		b.Account = b.open(provider(server.URL, app, installation), b.pem)
		_, err := b.Client(repository).Create(b.Ctx(), at("y"), queued)
		e := b.Fails(err, v1alpha1.ReasonUnavailable)
		b.Expect(e.Unknown).To(BeFalse())
		b.Expect(e.Message).To(HaveSuffix("its certificate is signed by an unknown authority"))
	})
}

func TestAHungGitHubIsGivenUpAtTheDeadline(t *testing.T) {
	for name, tc := range map[string]struct {
		match   func(*http.Request) bool
		unknown bool
	}{
		"the write":        {withMethod("POST", "check-runs"), true},
		"the token":        {withMethod("POST", "access_tokens"), false},
		"the installation": {withMethod("GET", "/installation"), false},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.github.Inject(fake.Fault{Match: tc.match, Times: -1, Hang: true})
			ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			c, err := b.Account.Client(ctx, repository)
			if err == nil {
				_, err = c.Create(ctx, at("x"), queued)
			}
			e := b.Fails(err, v1alpha1.ReasonUnavailable)
			b.Expect(e.Unknown).To(Equal(tc.unknown))
			b.Expect(e.Message).To(HaveSuffix("no answer in time"))
		})
	}
}

func TestMessagesOfOneCauseAreTheSame(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	messages := map[string]bool{}
	b.github.Inject(fake.Fault{Match: withMethod("POST", "check-runs"), Times: -1, DropBefore: true})
	for range 5 {
		_, err := c.Create(b.Ctx(), at("x"), queued)
		messages[b.Fails(err, v1alpha1.ReasonUnavailable).Message] = true
	}
	b.Expect(messages).To(HaveLen(1))
}

func TestALimitPausesTheWholeInstallation(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	b.github.Inject(fake.Fault{
		Match: withMethod("POST", "check-runs"), Status: 429,
		Header: http.Header{"Retry-After": {"120"}}, Body: secondary,
	})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.PausedUntil()).To(BeTemporally("~", time.Now().Add(2*time.Minute), 10*time.Second))

	_, err = c.Create(b.Ctx(), at("y"), queued)
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.github.Writes()).To(HaveLen(1))
}

func TestTheLastRequestOfABudgetIsNoErrorAndThenNothingIsSent(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	reset := time.Now().Add(time.Hour)
	b.github.Inject(fake.Fault{Match: withMethod("POST", "check-runs"), Header: headers(budget(0, reset)...)})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	b.Expect(err).NotTo(HaveOccurred())
	_, err = c.Create(b.Ctx(), at("y"), queued)
	_ = b.Fails(err, v1alpha1.ReasonPending)
	b.Expect(b.github.Writes()).To(HaveLen(1))
}

func TestOnlyOurBucketDecidesWhetherToSend(t *testing.T) {
	b := newBench(t)
	clk := clocktesting.NewFakeClock(time.Now())
	installations := ratelimit.NewInstallations(clk)
	t.Cleanup(installations.CloseIdleConnections)
	b.Kind, b.Installations = NewKind(installations, clk), installations
	b.Account = b.open(b.Provider, b.pem)
	c := b.Client(repository)
	// The bucket goes by its own clock; what go-github would hold back goes by the
	// real one.
	b.github.Inject(fake.Fault{Match: withMethod("POST", "check-runs"), Header: headers(budget(0, time.Now().Add(time.Hour))...)})
	_, err := c.Create(b.Ctx(), at("x"), queued)
	b.Expect(err).NotTo(HaveOccurred())
	clk.Step(time.Hour + 5*time.Second)
	_, err = c.Create(b.Ctx(), at("y"), queued)
	b.Expect(err).NotTo(HaveOccurred())
}

func TestNoRedirectLeadsToAnotherHost(t *testing.T) {
	b := newBench(t)
	var reached atomic.Int32
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	defer other.Close()
	c := b.Client(repository)
	for _, status := range []int{301, 302, 307, 308} {
		b.github.Inject(fake.Fault{
			Match: withMethod("POST", "check-runs"), Status: status,
			Header: http.Header{"Location": {other.URL + "/steal"}},
		})
		_, err := c.Create(b.Ctx(), at("x"), queued)
		e := b.Fails(err, v1alpha1.ReasonUnavailable)
		b.Expect(e.Message).To(ContainSubstring("another host"))
	}
	b.Expect(reached.Load()).To(BeZero())
}

// counting counts the connections that a server accepts.
type counting struct {
	net.Listener
	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

// proxy passes everything on to the fake and counts its connections.
func proxy(t *testing.T, to *fake.Server) (url string, connections *atomic.Int32) {
	t.Helper()
	transport := &http.Transport{}
	connections = &atomic.Int32{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := r.Clone(r.Context())
		out.RequestURI, out.URL.Scheme, out.URL.Host = "", "http", strings.TrimPrefix(to.URL(), "http://")
		out.URL.Path = strings.TrimPrefix(out.URL.Path, "/api/v3")
		resp, err := transport.RoundTrip(out)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		defer func() { _ = resp.Body.Close() }()
		for name, values := range resp.Header {
			w.Header()[name] = values
		}
		w.WriteHeader(resp.StatusCode)
		buffer := make([]byte, 64<<10)
		for {
			n, err := resp.Body.Read(buffer)
			_, _ = w.Write(buffer[:n])
			if err != nil {
				return
			}
		}
	}))
	server.Listener = counting{server.Listener, connections}
	server.Start()
	t.Cleanup(func() { server.Close(); transport.CloseIdleConnections() })
	return server.URL, connections
}

func TestAnInstallationHasOneConnectionPool(t *testing.T) {
	b := newBench(t)
	url, connections := proxy(t, b.github)
	b.Provider.Spec.GitHub.APIURL = v1alpha1.APIURL(url + "/api/v3")
	b.Provider.Spec.GitHub.InstallationID = installation
	for i, name := range []string{"a", "b", "c"} {
		if i == 2 {
			b.pem = b.github.AddApp(app)
		}
		b.Provider.Name = "provider-" + name
		b.Account = b.open(b.Provider, b.pem)
		b.Step(b.Client(repository), at(name), nil, queued)
		_, err := b.Client(repository).Find(b.Ctx(), at(name))
		b.Expect(err).NotTo(HaveOccurred())
	}
	b.Expect(connections.Load()).To(BeEquivalentTo(1),
		"accounts of one installation, a rotated key included, share their connections, and GitHub Enterprise Server's path is kept")
}

func TestAClientIsSafeForConcurrentUse(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			_, _ = c.Create(b.Ctx(), at("x"), queued)
			_, _ = c.Find(b.Ctx(), at("x"))
		})
	}
	wg.Wait()
	b.Expect(b.github.CheckRuns(repository, sha)).To(HaveLen(20))
}
