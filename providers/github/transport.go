package github

import (
	"io"
	"net/http"
	"net/http/httptrace"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// maxSlurp is the longest body of an answer without content that is read.
const maxSlurp = 2 << 10

// appTransport authenticates as the App itself.
func (a *account) appTransport() http.RoundTripper {
	return a.signed(a.installations.Get(a.appLane()).RoundTripper(readAnswer))
}

// signed puts the App's signature on requests. One for each transport: it keeps
// state that ghinstallation guards only in there.
func (a *account) signed(rt http.RoundTripper) *ghinstallation.AppsTransport {
	return a.appsTransport(resigning{next: rt, account: a})
}

func (a *account) appsTransport(rt http.RoundTripper) *ghinstallation.AppsTransport {
	t, err := ghinstallation.NewAppsTransportWithOptions(rt, a.appID, ghinstallation.WithSigner(a.signer))
	if err != nil {
		panic(err) // there is a signer: it fails without one only
	}
	t.BaseURL = a.api.String()
	return t
}

// readAnswer is the ratelimit.Classifier of every request to GitHub. What GitHub
// refused is its error.
func readAnswer(req *http.Request, resp *http.Response, body []byte, now time.Time) (ratelimit.Feedback, error) {
	at := attemptOf(req.Context())
	at.status = resp.StatusCode
	if at.remote != nil {
		at.remote.observe(resp.Header)
		at.question.ahead = at.remote.ahead()
	}
	feedback, failed := classify(at.question, answer{resp.StatusCode, resp.Header, body}, now)
	if failed != nil {
		return feedback, failed
	}
	return feedback, nil
}

// recorder notes on the attempt how a request ended. It hides GitHub's count of
// the budget from go-github, which would refuse by itself to send more, and closes
// the bodies that go-github leaves open.
type recorder struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	at := attemptOf(req.Context())
	resp, err := r.next.RoundTrip(req)
	at.err = err
	if err != nil {
		return nil, err
	}
	for _, header := range []string{"X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"} {
		resp.Header.Del(header)
	}
	if resp.StatusCode >= http.StatusMultipleChoices && resp.StatusCode < http.StatusBadRequest {
		empty(resp)
	}
	return resp, nil
}

// empty closes the body of an answer such as a 304. Left to go-github it would stay
// open, and the request would count as in flight for ever.
func empty(resp *http.Response) {
	// What little there is, so that the connection can be used again.
	_, _ = io.CopyN(io.Discard, resp.Body, maxSlurp)
	_ = resp.Body.Close()
	resp.Body = http.NoBody
}

// traced notes on the attempt that the request got a connection: from then on it
// may have reached GitHub, whatever comes back.
func traced(req *http.Request, at *attempt) *http.Request {
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { at.left.Store(true) },
	}))
}

// sameHostOnly is CheckRedirect: reads of a repository that has moved are followed at the same
// host, writes never are.
func sameHostOnly(req *http.Request, via []*http.Request) error {
	if err := ratelimit.SameHostOnly(req, via); err != nil {
		return providers.Errorf(v1alpha1.ReasonUnavailable, "GitHub's answer is a redirect that is not followed: %v", err)
	}
	if q := attemptOf(req.Context()).question; q.write() {
		return providers.Moved(q.repository, "")
	}
	providers.Redirected(req.Context())
	return nil
}
