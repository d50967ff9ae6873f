package ratelimit

import (
	"fmt"
	"net/http"
	"time"
)

// Feedback is what an SCM's response says about the budget of the installation. Its times are
// in the hub's clock: the parser of the response corrects for the server's clock.
type Feedback struct {
	// PauseUntil is the time until which the SCM asks for no requests. Zero: it did not ask for
	// a pause.
	PauseUntil time.Time
	// Limited reports whether the request was refused because of a limit. Without PauseUntil
	// the bucket decides how long to wait.
	Limited bool
	// Secondary reports whether the SCM does not publish the figure of that limit, such as one
	// on the rate of writes.
	Secondary bool
	// Free reports whether the SCM does not count the request, as GitHub does with a
	// conditional one that is answered 304.
	Free bool
	// Works reports whether a response from 500 on is about the request, and so not a sign of
	// an outage.
	Works bool
	// Foreign reports whether another server than the SCM responded, such as a proxy. That
	// counts as no response of the SCM.
	Foreign bool

	// Limit and Remaining are the server's budget of requests and the rest of it, nil where the
	// response does not contain them.
	Limit, Remaining *int64
	// Window is the length of time for which Limit holds; zero means unknown.
	Window time.Duration
	// ResetAt is the time at which the SCM refills the budget, all at once.
	ResetAt time.Time
	// Refill is the number of requests a second that the SCM adds to Remaining up to Limit,
	// where it uses a token bucket; zero elsewhere.
	Refill float64
	// Batch is the number of requests that it adds at once; zero where it adds them one by one.
	Batch int64
}

// Classifier reads a response: its status and headers, and for a status from 400 on the first
// 64 KiB of its body, nil otherwise. It must not read resp.Body. If it returns an error, the
// transport returns that in place of the response.
type Classifier func(req *http.Request, resp *http.Response, body []byte, now time.Time) (Feedback, error)

// Throttled is the error of a request that was not sent because the bucket cannot pay for it
// now.
type Throttled struct {
	// Installation is the id of the installation whose budget is spent.
	Installation string
	// RetryAt is the time to try again.
	RetryAt time.Time
}

// Error returns the same text each time: it names the installation, but no time.
func (e *Throttled) Error() string {
	return fmt.Sprintf("not sent: the budget of %s is spent for now", e.Installation)
}

// refused reports whether the SCM refused a request without reporting when its limit frees up:
// a budget with nothing remaining reports that itself.
func (f Feedback) refused() bool {
	return f.Secondary || f.Limited && (f.Remaining == nil || *f.Remaining > 0)
}
