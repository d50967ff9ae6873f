package ratelimit

import (
	"fmt"
	"net/http"
	"time"
)

// Feedback is what an SCM's answer says about the budget of the installation.
type Feedback struct {
	// PauseUntil is when the installation may be asked again. Zero: no pause.
	PauseUntil time.Time
	// Limit and Remaining are the budget of the current window and what is left
	// of it, nil where the answer does not tell.
	Limit, Remaining *int64
	// ResetAt is when the SCM fills the budget again.
	ResetAt time.Time
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

// Observe applies what an answer said. A pause holds for the whole installation
// and is never shortened by a later answer; a time in the past is ignored, one
// more than two hours ahead counts as two hours. Without anything left the
// installation is paused until ResetAt.
func (b *Bucket) Observe(now time.Time, f Feedback) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pause(now, f.PauseUntil)
	if f.Remaining != nil && *f.Remaining <= 0 {
		b.pause(now, f.ResetAt)
	}
	if f.Limit != nil {
		b.observed.Limit = f.Limit
	}
	if f.Remaining != nil {
		b.observed.Remaining = f.Remaining
	}
	if !f.ResetAt.IsZero() {
		b.observed.ResetAt = f.ResetAt
	}
}

// Observed returns what the SCM told last about its own count.
func (b *Bucket) Observed() Feedback {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.observed
	f.PauseUntil = b.paused
	return f
}

func (b *Bucket) pause(now, until time.Time) {
	if until.After(now.Add(maxPause)) {
		until = now.Add(maxPause)
	}
	if until.After(now) && until.After(b.paused) {
		b.paused = until
	}
}
