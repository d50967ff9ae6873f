package gitlab

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"time"

	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// userAgent tells GitLab who asks.
	userAgent = "commit-status-hub"

	// maxSlurp is the longest body of an answer without content that is read.
	maxSlurp = 2 << 10
)

// unlimited keeps the client from holding back requests: the installation's bucket
// decides.
type unlimited struct{}

// Wait does not.
func (unlimited) Wait(context.Context) error { return nil }

// newClient makes a client that speaks to the account's API and spends the budget of
// an installation. It sends each request once.
func (a *account) newClient(installation string) (*gl.Client, error) {
	paid := a.installations.Get(installation).RoundTripper(a.readAnswer)
	return gl.NewAuthSourceClient(a.token,
		gl.WithHTTPClient(&http.Client{Transport: &recorder{next: paid}, CheckRedirect: readsOnly}),
		gl.WithURLWarningLogger(slog.New(slog.DiscardHandler)),
		gl.WithBaseURL(a.api.String()),
		gl.WithUserAgent(userAgent),
		gl.WithCustomLimiter(unlimited{}),
		gl.WithoutRetries(),
	)
}

// readAnswer is the ratelimit.Classifier of every request to GitLab. What GitLab
// refused is its error.
func (a *account) readAnswer(req *http.Request, resp *http.Response, body []byte, now time.Time) (ratelimit.Feedback, error) {
	at := attemptOf(req.Context())
	at.status, at.header = resp.StatusCode, resp.Header
	feedback, err := Classify(req, resp, body, now)
	if err != nil {
		return feedback, err
	}
	failed := judge(at.question, resp.StatusCode, a.token.out(body))
	if failed == nil {
		return feedback, nil
	}
	feedback.Foreign = providers.OfProxy(resp.StatusCode, parse(body).own)
	return feedback, failed
}

// recorder notes on the attempt how a request went, and closes the bodies of
// redirects, which the client may leave open.
type recorder struct{ next http.RoundTripper }

// RoundTrip sends a request.
func (r *recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	at := attemptOf(req.Context())
	resp, err := r.next.RoundTrip(traced(req, at))
	at.err = err
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= http.StatusMultipleChoices && resp.StatusCode < http.StatusBadRequest {
		// What little there is, so that the connection can be used again.
		_, _ = io.CopyN(io.Discard, resp.Body, maxSlurp)
		_ = resp.Body.Close()
		resp.Body = http.NoBody
	}
	return resp, nil
}

// traced notes on the attempt that the request got a connection: from then on it
// may have reached GitLab, whatever comes back.
func traced(req *http.Request, at *attempt) *http.Request {
	return req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { at.left.Store(true) },
	}))
}

// readsOnly is CheckRedirect: reads of a project that has moved are followed at the same host,
// writes never are.
func readsOnly(req *http.Request, via []*http.Request) error {
	err := ratelimit.SameHostOnly(req, via)
	switch {
	case err != nil:
		return providers.Errorf(v1alpha1.ReasonUnavailable, "GitLab's answer is a redirect that is not followed: %v", err)
	case via[0].Method != http.MethodGet:
		return providers.Moved(attemptOf(req.Context()).question.repository, "")
	}
	providers.Redirected(req.Context())
	return nil
}
