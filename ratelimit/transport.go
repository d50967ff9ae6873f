package ratelimit

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	// defaultDeadline ends a request whose context has no deadline of its own.
	defaultDeadline = 30 * time.Second

	// maxHops is how many redirects of one request are followed.
	maxHops = 5
)

// RoundTripper returns a transport that pays for each request from the slot in
// its context, or from the bucket, before it is sent. A request that cannot be
// paid for is not sent and fails with a *Throttled. What c reads in an answer is
// applied to the bucket before the answer is returned. All round trippers of an
// installation share its connections. A nil c reads nothing.
//
// A request without a deadline gets one of 30 s, which covers reading the body;
// a body fails to read past 10 MiB. Redirects are not followed here: see
// SameHostOnly.
func (in *Installation) RoundTripper(c Classifier) http.RoundTripper {
	return &roundTripper{Installation: in, classify: c}
}

type roundTripper struct {
	*Installation
	classify Classifier
}

// RoundTrip sends one request.
func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	release, err := r.admit(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	if _, ok := req.Context().Deadline(); !ok {
		ctx, cancel := context.WithTimeout(req.Context(), defaultDeadline)
		req = req.WithContext(ctx)
		inner := release
		release = func() { cancel(); inner() }
	}
	resp, err := r.send(req)
	if err != nil {
		release()
		return nil, err
	}
	start, err := r.read(req, resp)
	resp.Body = &body{Reader: start, closer: resp.Body, left: maxBody, closed: release}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// admit pays for a request. release ends what it counts as in flight.
func (r *roundTripper) admit(req *http.Request) (release func(), err error) {
	ctx, now := req.Context(), r.clock.Now()
	nothing := func() {}
	if isFree(ctx) {
		if until := r.bucket.PausedUntil(now); !until.IsZero() {
			return nil, r.throttled(until)
		}
		return nothing, nil
	}
	cost := costOf(req)
	if slot := slotFrom(ctx); slot != nil && slot.bucket == r.bucket {
		first, ok, retryAt := slot.use(now, cost)
		if !first && slot.open() {
			ok, retryAt = r.bucket.tryTakeMore(now, cost)
			first = true
		}
		if first && !ok {
			return nil, r.throttled(retryAt)
		}
		if first {
			return nothing, nil
		}
	}
	if ok, retryAt := r.bucket.TryTake(now, cost); !ok {
		return nil, r.throttled(retryAt)
	}
	return r.bucket.Release, nil
}

// send sends a request and counts it.
func (r *roundTripper) send(req *http.Request) (*http.Response, error) {
	op := operationFrom(req.Context())
	start := r.clock.Now()
	resp, err := r.transport.RoundTrip(req)
	code := 0
	if err == nil {
		code = resp.StatusCode
	}
	record(op, r.id, code, r.clock.Since(start))
	return resp, err
}

// read gives an answer to the classifier and applies what it says. It returns
// the body as if nothing of it had been read.
func (r *roundTripper) read(req *http.Request, resp *http.Response) (whole io.Reader, err error) {
	whole = resp.Body
	if r.classify == nil {
		return whole, nil
	}
	var start []byte
	if resp.StatusCode >= http.StatusBadRequest {
		start, whole = peek(resp.Body)
	}
	now := r.clock.Now()
	feedback, err := r.classify(req, resp, start, now)
	r.bucket.Observe(now, feedback)
	return whole, err
}

func (r *roundTripper) throttled(retryAt time.Time) error {
	return &Throttled{Installation: r.id, RetryAt: retryAt}
}

func costOf(req *http.Request) Cost {
	switch req.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
		return ReadCost
	}
	return WriteCost
}

// SameHostOnly is for CheckRedirect of an http.Client: it refuses to follow a
// redirect to another host or scheme, which would get the credential, and more
// than 5 hops.
func SameHostOnly(req *http.Request, via []*http.Request) error {
	if len(via) > maxHops {
		return fmt.Errorf("the SCM redirected more than %d times", maxHops)
	}
	if from := via[0].URL; req.URL.Host != from.Host || req.URL.Scheme != from.Scheme {
		return fmt.Errorf("the SCM redirected to another host, which is not followed")
	}
	return nil
}
