package kubeconfigs

import (
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// short are deadlines that a test can wait for.
var short = deadlines{request: 500 * time.Millisecond, headers: 500 * time.Millisecond, grace: 500 * time.Millisecond}

// answered are deadlines within which a server of this process answers on a busy machine.
var answered = deadlines{request: 3 * time.Second, headers: 3 * time.Second, grace: 500 * time.Millisecond}

// serve starts an HTTPS server and returns access to it.
func serve(t *testing.T, http2 bool, handler http.HandlerFunc) *rest.Config {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = http2
	server.StartTLS()
	t.Cleanup(server.Close)
	return accessTo(server)
}

func accessTo(server *httptest.Server) *rest.Config {
	return &rest.Config{Host: server.URL, BearerToken: "first", TLSClientConfig: rest.TLSClientConfig{
		CAData: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}),
	}}
}

// hang answers nothing until the client goes away.
func hang(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }

// bothProtocols runs a test over HTTP/1.1 and over HTTP/2, whose errors differ.
func bothProtocols(t *testing.T, test func(t *testing.T, http2 bool)) {
	t.Run("HTTP/1.1", func(t *testing.T) { test(t, false) })
	t.Run("HTTP/2", func(t *testing.T) { test(t, true) })
}

func connect(t *testing.T, access *rest.Config, limits deadlines) *connection {
	t.Helper()
	c, err := dial(access, limits)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func (c *connection) get(t *testing.T, path string) (*http.Response, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.config.Host+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c.client.Do(request)
}

func beTimeout() OmegaMatcher {
	return WithTransform(func(err error) string { return diagnose(err).Reason }, Equal(ReasonTimedOut))
}

func TestAMemberThatNeverAnswersEndsTheRequest(t *testing.T) {
	bothProtocols(t, func(t *testing.T, http2 bool) {
		g := NewWithT(t)
		c := connect(t, serve(t, http2, hang), short)
		for _, path := range []string{"/", "/?watch=true", "/?watch=1&timeoutSeconds=600"} {
			response, err := c.get(t, path)
			g.Expect(response).To(BeNil())
			g.Expect(err).To(beTimeout(), path)
			g.Expect(err).To(MatchError(ContainSubstring("did not answer in full within 500ms")), path)
			g.Expect(c.doubts).To(Receive(), "a lost request makes the connection doubtful")
		}
	})
}

// lateAnswer answers only when its request has been given up.
type lateAnswer struct{ closed chan struct{} }

func (l lateAnswer) RoundTrip(request *http.Request) (*http.Response, error) {
	<-request.Context().Done()
	return &http.Response{StatusCode: http.StatusOK, Body: l}, nil
}

func (l lateAnswer) Read([]byte) (int, error) { return 0, io.EOF }

func (l lateAnswer) Close() error {
	close(l.closed)
	return nil
}

func TestAnAnswerToARequestThatWasGivenUpIsNone(t *testing.T) {
	g := NewWithT(t)
	l := lateAnswer{closed: make(chan struct{})}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://member/", nil)
	g.Expect(err).NotTo(HaveOccurred())
	response, err := deadlines{request: 20 * time.Millisecond}.roundTrip(l, request)
	g.Expect(response).To(BeNil())
	g.Expect(err).To(beTimeout())
	g.Expect(l.closed).To(BeClosed())
}

func TestTheDeadlineCoversTheBody(t *testing.T) {
	bothProtocols(t, func(t *testing.T, http2 bool) {
		g := NewWithT(t)
		c := connect(t, serve(t, http2, func(w http.ResponseWriter, request *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			hang(w, request)
		}), answered)
		response, err := c.get(t, "/")
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		_, err = io.ReadAll(response.Body)
		g.Expect(err).To(beTimeout())
	})
}

func TestAWatchOutlivesTheDeadlineOfOtherRequestsButNotItsOwn(t *testing.T) {
	bothProtocols(t, func(t *testing.T, http2 bool) {
		g := NewWithT(t)
		c := connect(t, serve(t, http2, func(w http.ResponseWriter, request *http.Request) {
			_ = http.NewResponseController(w).Flush()
			hang(w, request)
		}), answered)
		begin := time.Now()
		response, err := c.get(t, "/?watch=true&timeoutSeconds=4")
		g.Expect(err).NotTo(HaveOccurred())
		defer func() { _ = response.Body.Close() }()
		_, err = io.ReadAll(response.Body)
		g.Expect(err).To(beTimeout())
		g.Expect(time.Since(begin)).To(BeNumerically(">=", 4*time.Second+answered.grace))
	})
}

func TestClosingTheBodyEndsTheRequest(t *testing.T) {
	g := NewWithT(t)
	ended := make(chan struct{})
	c := connect(t, serve(t, true, func(w http.ResponseWriter, request *http.Request) {
		_ = http.NewResponseController(w).Flush()
		hang(w, request)
		close(ended)
	}), defaultDeadlines)
	response, err := c.get(t, "/?watch=true&timeoutSeconds=600")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(response.Body.Close()).To(Succeed())
	g.Eventually(ended).Should(BeClosed())
}

func TestTheDeadlinesAreThoseOfTheDesign(t *testing.T) {
	g := NewWithT(t)
	for query, expected := range map[string][2]time.Duration{
		"":                               {30 * time.Second, 30 * time.Second},
		"?timeoutSeconds=300":            {30 * time.Second, 30 * time.Second},
		"?watch=true":                    {10*time.Minute + 30*time.Second, 30 * time.Second},
		"?watch=true&timeoutSeconds=300": {330 * time.Second, 30 * time.Second},
		"?watch=1&timeoutSeconds=-5":     {10*time.Minute + 30*time.Second, 30 * time.Second},
	} {
		whole, headers := defaultDeadlines.of(httptest.NewRequest(http.MethodGet, "https://member.example.com/"+query, nil))
		g.Expect([2]time.Duration{whole, headers}).To(Equal(expected), query)
	}
}

func TestAReplacedTokenIsUsedFromTheNextRequestOn(t *testing.T) {
	g := NewWithT(t)
	seen := make(chan string, 4)
	c := connect(t, serve(t, true, func(_ http.ResponseWriter, request *http.Request) {
		seen <- request.Header.Get("Authorization") + " " + request.UserAgent()
	}), defaultDeadlines)
	made, err := rest.HTTPClientFor(c.config) // a client that somebody made from the config
	g.Expect(err).NotTo(HaveOccurred())
	for _, token := range []string{"first", "second"} {
		c.present(token)
		for _, user := range []*http.Client{c.client, made} {
			response, err := user.Get(c.config.Host)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(response.Body.Close()).To(Succeed())
			g.Expect(seen).To(Receive(Equal("Bearer " + token + " " + userAgent)))
		}
	}
	g.Expect(c.config.BearerToken).To(BeEmpty(), "the config that the cluster hands out holds no credential")
}

func TestAMemberCannotSendTheHubElsewhere(t *testing.T) {
	g := NewWithT(t)
	reached := make(chan struct{}, 1)
	elsewhere := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached <- struct{}{} }))
	t.Cleanup(elsewhere.Close)
	c := connect(t, serve(t, false, func(w http.ResponseWriter, request *http.Request) {
		http.Redirect(w, request, elsewhere.URL, http.StatusTemporaryRedirect)
	}), defaultDeadlines)
	_, err := c.get(t, "/")
	g.Expect(err).To(MatchError(errStrayed))
	g.Expect(reached).NotTo(Receive())
}

func TestAMemberCannotPutCallersToSleep(t *testing.T) {
	g := NewWithT(t)
	c := connect(t, serve(t, false, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	}), defaultDeadlines)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	_, err := check(ctx, c, newCodec(clusters.Scheme()), nil)
	g.Expect(apierrors.IsTooManyRequests(err)).To(BeTrue(), "%v", err)
}

func TestClientsAreNotThrottled(t *testing.T) {
	g := NewWithT(t)
	c := connect(t, serve(t, true, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"apiVersion":"commit-status.argoproj.io/v1alpha1","kind":"GitRepoList","items":[]}`)
	}), defaultDeadlines)
	reader, err := client.New(c.config, client.Options{HTTPClient: c.client, Scheme: clusters.Scheme(), Mapper: mapper()})
	g.Expect(err).NotTo(HaveOccurred())
	begin := time.Now()
	for range 60 { // client-go's defaults would take 10 s
		g.Expect(reader.List(t.Context(), &v1alpha1.GitRepoList{})).To(Succeed())
	}
	g.Expect(time.Since(begin)).To(BeNumerically("<", 5*time.Second))
}

func TestAServerThatSpeaksNoTLSIsGivenUp(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the TLS handshake's 10 s")
	}
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	c := connect(t, &rest.Config{Host: "https://" + listener.Addr().String()}, defaultDeadlines)
	_, err = c.get(t, "/")
	g.Expect(err).To(beTimeout())
}

func TestOnlyListsAndWatchesThatFailMakeDoubtful(t *testing.T) {
	for name, test := range map[string]struct {
		path     string
		status   int
		doubtful bool
	}{
		"a credential is rejected":      {"/api/v1/namespaces/a/events", 401, true},
		"a watch is denied":             {"/apis/commit-status.argoproj.io/v1alpha1/gitrepos?watch=true", 403, true},
		"the CRDs are gone":             {"/apis/commit-status.argoproj.io/v1alpha1/commitstatuses", 404, true},
		"the server is out of order":    {"/apis/commit-status.argoproj.io/v1alpha1/commitstatuses", 500, true},
		"a resource version is expired": {"/apis/commit-status.argoproj.io/v1alpha1/commitstatuses?watch=true", 410, false},
		"an object is gone":             {"/apis/commit-status.argoproj.io/v1alpha1/namespaces/a/commitstatuses/b", 404, false},
		"all is well":                   {"/apis/commit-status.argoproj.io/v1alpha1/commitstatuses", 200, false},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			c := connect(t, serve(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(test.status) }), defaultDeadlines)
			response, err := c.get(t, test.path)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(response.Body.Close()).To(Succeed())
			if test.doubtful {
				g.Expect(c.doubts).To(Receive())
			} else {
				g.Expect(c.doubts).NotTo(Receive())
			}
		})
	}
}

func TestAnErrorOfAMemberDoesNotTellItsToken(t *testing.T) {
	bothProtocols(t, func(t *testing.T, http2 bool) {
		g := NewWithT(t)
		access := serve(t, http2, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Warning", `299 - "not with `+r.Header.Get("Authorization")+`"`)
			w.WriteHeader(http.StatusForbidden)
			_, _ = io.WriteString(w, "not with "+r.Header.Get("Authorization")+", please")
		})
		access.BearerToken = "a-long-token"
		c := connect(t, access, defaultDeadlines)
		response, err := c.get(t, "/")
		g.Expect(err).NotTo(HaveOccurred())
		text, err := io.ReadAll(response.Body)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(response.Body.Close()).To(Succeed())
		g.Expect(string(text)).To(Equal("not with Bearer ***, please"))
		g.Expect(response.ContentLength).To(BeEquivalentTo(len(text)))
		g.Expect(response.Header.Get("Warning")).To(ContainSubstring("Bearer ***"))

		_, err = check(t.Context(), c, newCodec(clusters.Scheme()), nil)
		g.Expect(apierrors.IsForbidden(err)).To(BeTrue())
		g.Expect(diagnose(err).Message).NotTo(ContainSubstring("a-long-token"))
	})
}
