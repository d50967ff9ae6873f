package github

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	headerLimit      = "X-Ratelimit-Limit"
	headerRemaining  = "X-Ratelimit-Remaining"
	headerReset      = "X-Ratelimit-Reset"
	headerRetryAfter = "Retry-After"

	// GitHub docs, "Rate limits for the REST API": without a hint, wait for at
	// least one minute, then exponentially longer.
	firstWait = time.Minute
	// maxDoublings bounds that: 1 min, 2, 4, 8, 16.
	maxDoublings = 4
	// maxWait is the longest pause that is believed, the same that a bucket takes.
	maxWait = 2 * time.Hour
)

// counted is what an answer's headers say about the budget. GitHub Enterprise
// Server sends none of them unless its limits are switched on.
func counted(header http.Header) ratelimit.Feedback {
	f := ratelimit.Feedback{Limit: number(header, headerLimit), Remaining: number(header, headerRemaining)}
	if reset := number(header, headerReset); reset != nil && *reset > 0 {
		f.ResetAt = time.Unix(*reset, 0)
	}
	return f
}

func number(header http.Header, name string) *int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(header.Get(name)), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// pause is until when an answer that speaks of a limit wants nothing to be sent:
// retry-after; else the reset of a budget that is spent; else unguided from now.
func pause(header http.Header, now time.Time, unguided time.Duration) time.Time {
	until, ok := retryAfter(header, now)
	if f := counted(header); !ok && f.Remaining != nil && *f.Remaining == 0 && f.ResetAt.After(now) {
		until, ok = f.ResetAt, true
	}
	if !ok {
		until = now.Add(unguided)
	}
	if latest := now.Add(maxWait); until.After(latest) {
		return latest
	}
	return until
}

// retryAfter reads seconds or a date. What is over already means soon, not now.
func retryAfter(header http.Header, now time.Time) (time.Time, bool) {
	text := strings.TrimSpace(header.Get(headerRetryAfter))
	until, err := http.ParseTime(text)
	if err != nil {
		seconds, err := strconv.ParseInt(text, 10, 32)
		if err != nil || seconds < 0 {
			return time.Time{}, false
		}
		until = now.Add(time.Duration(seconds) * time.Second)
	}
	if soon := now.Add(time.Second); until.Before(soon) {
		return soon, true
	}
	return until, true
}

// unguided is how long an installation waits when GitHub limits it and does not
// say for how long: twice as long each time, until something gets through again.
type unguided struct {
	mu    sync.Mutex
	times int
	until time.Time
}

func (u *unguided) wait() time.Duration {
	u.mu.Lock()
	defer u.mu.Unlock()
	return firstWait << min(u.times, maxDoublings)
}

// answered takes note of an answer and the pause that it asks for. Answers to
// what was under way when a pause began count neither way.
func (u *unguided) answered(now, pause time.Time, wait time.Duration) {
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case now.Before(u.until):
	case pause.IsZero():
		u.times = 0
	case pause.Equal(now.Add(wait)):
		u.times++
		u.until = pause
	}
}
