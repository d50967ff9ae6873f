package ratelimit

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	// maxRetryAfter is the longest pause that a response can ask for: longer ones are limited
	// to it. Bitbucket Data Center asks for 2⁶³-1 seconds where an administrator grants no
	// requests at all.
	maxRetryAfter = 24 * time.Hour
	// leastRetryAfter is the shortest pause: zero, or a time in the past, means soon and not
	// now.
	leastRetryAfter = time.Second
	// maxReset is the furthest reset that is accepted. No SCM here has a window of more than an
	// hour, so a later reset is another unit or a wrong clock, and would stop an installation
	// without need.
	maxReset = 2 * time.Hour

	// Counts of more than 31 bits are ignored: no SCM grants that much, and sums of smaller
	// ones cannot overflow.
	countBits = 31
	// Epoch seconds of 40 bits reach the year 36812.
	epochBits = 40
)

// Names of headers, as net/http spells them.
const (
	budgetX    = "X-Ratelimit-"
	budgetIETF = "Ratelimit-"

	limitOf     = "Limit"
	remainingOf = "Remaining"
	resetOf     = "Reset"
	intervalOf  = "Interval-Seconds"
	fillOf      = "Fillrate"
)

// Budget reads the budget of requests from a response's headers: it sets only
// Limit, Remaining, Window, ResetAt and Refill, those that are present. A
// value that is negative, not a number, too large or repeated counts as absent.
// ResetAt is by our clock, now, and at most two hours ahead; a reset in the past
// is none.
//
//   - Bitbucket Data Center, X-RateLimit-Limit, -Remaining, -Interval-Seconds,
//     -FillRate: a token bucket, without a window or a reset.
//   - GitHub, X-RateLimit-Limit, -Remaining, -Reset in epoch seconds: an hour.
//     Bitbucket Cloud has the first, for an hour as well.
//   - GitLab, RateLimit-Limit, -Remaining, -Reset in epoch seconds: whatever the
//     period that its administrator has set, it converts Limit to a minute, rounded
//     up. Remaining and Reset are of the real period, which is often an hour, so
//     more can remain than Limit.
func Budget(header http.Header, now time.Time) Feedback {
	switch {
	case anyPresent(header, budgetX, intervalOf, fillOf):
		f := budget(header, budgetX, 0)
		f.Refill, f.Batch = refill(header)
		return f
	case anyPresent(header, budgetX, limitOf, remainingOf, resetOf):
		f := budget(header, budgetX, time.Hour)
		f.ResetAt = resetAt(header, budgetX, now)
		return f
	}
	f := budget(header, budgetIETF, time.Minute)
	f.ResetAt = resetAt(header, budgetIETF, now)
	return f
}

// RetryAfter reads the time until which a response asks for no requests: by our clock, now,
// from a second to 24 hours ahead. It understands seconds and HTTP dates; of several values the
// latest counts. ok is false where none is valid.
func RetryAfter(header http.Header, now time.Time) (until time.Time, ok bool) {
	var wait time.Duration
	for _, text := range header.Values("Retry-After") {
		if d, understood := waitOf(strings.TrimSpace(text), serverNow(header, now)); understood {
			wait, ok = max(wait, d), true
		}
	}
	if !ok {
		return time.Time{}, false
	}
	return now.Add(min(max(wait, leastRetryAfter), maxRetryAfter)), true
}

// PauseAsked returns the time until which a refusal asks for no requests: that of RetryAfter;
// else the reset of a budget with nothing remaining; else zero, since the SCM did not report
// one.
func PauseAsked(header http.Header, now time.Time) time.Time {
	if until, ok := RetryAfter(header, now); ok {
		return until
	}
	if f := Budget(header, now); f.Remaining != nil && *f.Remaining == 0 {
		return f.ResetAt
	}
	return time.Time{}
}

// anyPresent reports whether the response has one of a family's headers, whatever its value.
func anyPresent(header http.Header, family string, names ...string) bool {
	for _, name := range names {
		if len(header.Values(family+name)) > 0 {
			return true
		}
	}
	return false
}

func budget(header http.Header, family string, window time.Duration) Feedback {
	var f Feedback
	if n, ok := number(header, family+limitOf, countBits); ok {
		f.Limit, f.Window = &n, window
	}
	if n, ok := number(header, family+remainingOf, countBits); ok {
		f.Remaining = &n
	}
	return f
}

// refill returns the rate a second of Bitbucket Data Center's token bucket, and its batch: "a
// batch of new tokens every time interval" (Atlassian, "Adjusting your code for rate
// limiting").
func refill(header http.Header) (perSecond float64, batch int64) {
	fill, filled := number(header, budgetX+fillOf, countBits)
	interval, ok := number(header, budgetX+intervalOf, countBits)
	if !filled || !ok || interval == 0 {
		return 0, 0
	}
	return float64(fill) / float64(interval), fill
}

// resetAt converts the server's reset to our clock.
func resetAt(header http.Header, family string, now time.Time) time.Time {
	epoch, ok := number(header, family+resetOf, epochBits)
	if !ok {
		return time.Time{}
	}
	ahead := time.Unix(epoch, 0).Sub(serverNow(header, now))
	if ahead <= 0 || ahead > maxReset {
		return time.Time{}
	}
	return now.Add(ahead)
}

// serverNow returns the time of the server's clock at our now, or now where the response has no
// date. Date has whole seconds and is older than the response's arrival, so a time computed
// from it is up to a second late and never early.
func serverNow(header http.Header, now time.Time) time.Time {
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		return date
	}
	return now
}

// waitOf reads one Retry-After. A number of seconds that overflows counts as the longest pause.
func waitOf(text string, from time.Time) (wait time.Duration, ok bool) {
	if at, err := http.ParseTime(text); err == nil {
		return at.Sub(from), true
	}
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, false
	}
	return time.Duration(min(seconds, uint64(maxRetryAfter/time.Second))) * time.Second, true
}

// number reads a header that has exactly one value, of digits only.
func number(header http.Header, name string, bits int) (n int64, ok bool) {
	values := header.Values(name)
	if len(values) != 1 {
		return 0, false
	}
	u, err := strconv.ParseUint(strings.TrimSpace(values[0]), 10, bits)
	return int64(u), err == nil
}
