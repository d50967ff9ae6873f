package ratelimit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
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
// paid for is not sent and fails with a *Throttled, one that the gate does not let
// through with a *Withheld. What c reads in an answer is applied to the bucket
// before the answer is returned. All round trippers of an installation share its
// connections. A nil c reads nothing.
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
	paid, err := r.admit(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	release := paid.done
	deadline, ok := req.Context().Deadline()
	if !ok {
		// The clock of contexts is the real one.
		ctx, cancel := context.WithTimeout(req.Context(), defaultDeadline)
		deadline, _ = ctx.Deadline()
		req = req.WithContext(ctx)
		release = func() { cancel(); paid.done() }
	}
	resp, err := r.send(req, paid, time.Until(deadline))
	if err != nil {
		release()
		return nil, err
	}
	start, err := r.read(req, resp, paid)
	resp.Body = &body{Reader: start, closer: resp.Body, left: maxBody, closed: release}
	if err != nil {
		_ = resp.Body.Close()
		return nil, err
	}
	return resp, nil
}

// admit pays for a request.
func (r *roundTripper) admit(req *http.Request) (*payment, error) {
	ctx, now := req.Context(), r.clock.Now()
	slot := slotFrom(ctx)
	if slot != nil && (slot.bucket != r.bucket || !slot.open()) {
		slot = nil
	}
	var paid *payment
	var retryAt time.Time
	switch {
	case isFree(ctx):
		paid, retryAt = r.bucket.takeFree(now, slot)
	case slot != nil:
		paid, retryAt = slot.pay(now, costOf(req))
	default:
		paid, retryAt = r.bucket.take(now, costOf(req), nil)
	}
	if paid == nil {
		return nil, &Throttled{Installation: r.id, RetryAt: retryAt}
	}
	return paid, nil
}

// send sends a request and counts it, unless the gate is shut. patience is how long
// until its deadline.
func (r *roundTripper) send(req *http.Request, paid *payment, patience time.Duration) (*http.Response, error) {
	op := operationFrom(req.Context())
	start := r.clock.Now()
	var left atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { left.Store(true) },
	})
	resp, err := r.pass(req.WithContext(ctx))
	if err == nil {
		record(op, r.id, resp.StatusCode, r.clock.Since(start))
		return resp, nil
	}
	var withheld *Withheld
	if errors.As(err, &withheld) && !left.Load() {
		paid.refund(r.clock.Now(), true)
		return nil, err
	}
	record(op, r.id, 0, r.clock.Since(start))
	givenUp := errors.Is(req.Context().Err(), context.Canceled)
	if left.Load() {
		paid.lost(r.clock.Now(), start.Add(patience), givenUp)
	} else {
		paid.refund(r.clock.Now(), givenUp)
	}
	return nil, err
}

// read gives an answer to the classifier and applies what it says. It returns
// the body as if nothing of it had been read.
func (r *roundTripper) read(req *http.Request, resp *http.Response, paid *payment) (whole io.Reader, err error) {
	whole = resp.Body
	now := r.clock.Now()
	var feedback Feedback
	if r.classify != nil {
		var start []byte
		if resp.StatusCode >= http.StatusBadRequest {
			start, whole = peek(resp.Body)
		}
		now = r.clock.Now()
		feedback, err = r.classify(req, resp, start, now)
	}
	paid.answered(now, resp.StatusCode, feedback)
	return whole, err
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
