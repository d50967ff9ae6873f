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
	// defaultDeadline ends a request whose context does not do so earlier.
	defaultDeadline = 30 * time.Second

	// bodyPatience is how long the body of a refusal may take. What the headers say is
	// obeyed before, so it only costs the words.
	bodyPatience = 2 * time.Second

	// maxHops is the number of redirects of one request that are followed.
	maxHops = 5
)

// RoundTripper returns a transport that pays for each request from the slot in
// its context, or from the bucket, before it is sent. A request that cannot be
// paid for is not sent and fails with a *Throttled, one that the gate does not let
// through with a *Withheld. What c reads in an answer is applied to the bucket
// before the answer is returned. All round trippers of an installation share its
// connections. A nil c reads nothing.
//
// A request has 30 s at most, which covers reading the body; a body fails to read
// past 10 MiB. A read whose connection had been used before and broke is tried once
// more, and paid for again. Redirects are not followed here: see SameHostOnly.
func (in *Installation) RoundTripper(c Classifier) http.RoundTripper {
	return &roundTripper{Installation: in, classify: c}
}

type roundTripper struct {
	*Installation
	classify Classifier
}

// RoundTrip sends one request.
func (r *roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, stale, err := r.attempt(req)
	if stale {
		resp, _, err = r.attempt(req)
	}
	return resp, err
}

// attempt sends a request once. stale says that it can be sent again, since it changes
// nothing and failed on a connection that may have been closed before.
func (r *roundTripper) attempt(req *http.Request) (_ *http.Response, stale bool, _ error) {
	paid, err := r.admit(req)
	if err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, false, err
	}
	// The clock of contexts is the real one.
	ctx, cancel := context.WithTimeout(req.Context(), defaultDeadline)
	release := func() { cancel(); paid.done() }
	sent := r.once(req.WithContext(ctx))
	resp, reused, err := r.send(sent, paid)
	if err != nil {
		stale = reused && bodiless(req) && ctx.Err() == nil
		release()
		return nil, stale, err
	}
	start, err := r.read(sent, resp, paid, cancel)
	resp.Body = newBody(start, resp.Body, release)
	if err != nil {
		_ = resp.Body.Close()
		return nil, false, err
	}
	return resp, false, nil
}

// once keeps net/http from sending a read again by itself when a connection breaks:
// that would be neither paid for nor asked for. It does so over HTTP/1 only, and not
// with a body that it cannot get again; one that is empty does not show on the wire.
func (r *roundTripper) once(req *http.Request) *http.Request {
	if r.http1.Load() && bodiless(req) {
		req.Body = empty{}
	}
	return req
}

// bodiless reports whether net/http considers a request repeatable.
func bodiless(req *http.Request) bool {
	return costOf(req) == ReadCost && (req.Body == nil || req.Body == http.NoBody)
}

// empty is a body without content.
type empty struct{}

// Read returns io.EOF.
func (empty) Read([]byte) (int, error) { return 0, io.EOF }

// Close does nothing.
func (empty) Close() error { return nil }

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

// send sends a request and counts it, unless the gate is shut. reused says that it had
// a connection that was used before.
func (r *roundTripper) send(req *http.Request, paid *payment) (_ *http.Response, reused bool, _ error) {
	deadline, _ := req.Context().Deadline()
	start, patience := r.clock.Now(), time.Until(deadline)
	var left, onReused atomic.Bool
	ctx := httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
		GotConn: func(conn httptrace.GotConnInfo) {
			left.Store(true)
			onReused.Store(conn.Reused)
		},
	})
	resp, err := r.pass(req.WithContext(ctx))
	if err == nil {
		r.http1.Store(resp.ProtoMajor == 1)
		r.sent(req, start, resp.StatusCode)
		return resp, false, nil
	}
	var withheld *Withheld
	if errors.As(err, &withheld) && !left.Load() {
		paid.refund(r.clock.Now(), true)
		return nil, false, err
	}
	r.sent(req, start, 0)
	givenUp := errors.Is(req.Context().Err(), context.Canceled)
	if left.Load() {
		paid.lost(r.clock.Now(), start.Add(patience), givenUp)
	} else {
		paid.refund(r.clock.Now(), givenUp)
	}
	return nil, onReused.Load(), err
}

// read gives an answer to the classifier and applies what it says. It returns
// the body as if nothing of it had been read. giveUp ends the reading.
func (r *roundTripper) read(req *http.Request, resp *http.Response, paid *payment, giveUp func()) (whole io.Reader, err error) {
	whole = resp.Body
	now := r.clock.Now()
	var feedback Feedback
	if r.classify != nil {
		var start []byte
		if resp.StatusCode == http.StatusTooManyRequests {
			if until := PauseAsked(resp.Header, now); !until.IsZero() {
				paid.refusedUntil(now, until)
			}
		}
		if resp.StatusCode >= http.StatusBadRequest {
			timer := time.AfterFunc(bodyPatience, giveUp)
			start, whole = peek(resp.Body)
			timer.Stop()
		}
		feedback, err = r.classify(req, resp, redact(req, start), now)
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

// SameHostOnly is a CheckRedirect of http.Client. It refuses to follow a redirect to another
// host or scheme, which would get the credential, and more than 5 hops.
func SameHostOnly(req *http.Request, via []*http.Request) error {
	if len(via) > maxHops {
		return fmt.Errorf("the SCM redirected more than %d times", maxHops)
	}
	if from := via[0].URL; req.URL.Host != from.Host || req.URL.Scheme != from.Scheme {
		return fmt.Errorf("the SCM redirected to another host, which is not followed")
	}
	return nil
}
