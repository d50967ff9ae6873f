package ratelimit

import (
	"fmt"
	"net/http"
	"time"
)

// Feedback is what an SCM's answer says about the budget of the installation.
// Its times are the hub's own: where the server's clock differs, whoever reads
// the answer has made up for it.
type Feedback struct {
	// PauseUntil is when the installation may be asked again, as the SCM said
	// itself. Zero: it said nothing.
	PauseUntil time.Time
	// Limited reports whether the request was refused because of a limit. Without
	// PauseUntil the bucket then decides how long to wait.
	Limited bool
	// Secondary reports whether it was a limit of which the SCM does not tell the figure,
	// such as one on the rate of writes.
	Secondary bool
	// Free reports whether the SCM does not count the request, as GitHub does with a
	// conditional one that is answered 304.
	Free bool
	// Works reports whether an answer from 500 on is about the request, and so no sign
	// that the SCM is down.
	Works bool
	// Foreign reports whether something else than the SCM answered, such as a proxy, which
	// counts as no answer of the SCM.
	Foreign bool

	// Limit and Remaining are the budget of requests and what is left of it, nil
	// where the answer does not tell.
	Limit, Remaining *int64
	// Window is the length of time for which Limit holds; zero is unknown.
	Window time.Duration
	// ResetAt is when the SCM fills the budget again, all at once.
	ResetAt time.Time
	// Refill is how many requests a second the SCM adds to Remaining until Limit,
	// where it counts with a token bucket; zero elsewhere.
	Refill float64
	// Batch is how many of them it adds at once; zero where it adds them one by one.
	Batch int64
}

// Classifier reads an answer: its status and headers, and for a status from 400
// on the first 64 KiB of its body, nil otherwise. It must not read resp.Body. An
// error makes the transport return it in place of the response.
type Classifier func(req *http.Request, resp *http.Response, body []byte, now time.Time) (Feedback, error)

// Throttled is the error of a request that was not sent, because the bucket
// cannot pay for it now.
type Throttled struct {
	// Installation is whose budget is spent.
	Installation string
	// RetryAt is when it is worth asking again.
	RetryAt time.Time
}

// Error says what is waited for. It does not say until when, so that it is the
// same each time.
func (e *Throttled) Error() string {
	return fmt.Sprintf("not sent: the budget of %s is spent for now", e.Installation)
}

// refused reports whether the SCM refused a request because of a limit of which it does
// not tell the figure: a budget of which nothing remains says itself when to go on.
func (f Feedback) refused() bool {
	return f.Secondary || f.Limited && (f.Remaining == nil || *f.Remaining > 0)
}
