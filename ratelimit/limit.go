package ratelimit

import (
	"time"

	"golang.org/x/time/rate"
)

const (
	// burst is the number of requests that an idle bucket lets through at once.
	burst = 10

	// neverPays is the retry interval for a cost above the limit itself. Only a change of the
	// limit can let it through, and that wakes the watchers.
	neverPays = time.Hour

	// soon is the retry interval of callers that wait for the responses to other requests.
	// Those wake the watchers too, so it is only a safety net.
	soon = time.Second
)

// limit allows at most max of a dimension in any window. The window's log enforces it; the
// pacer spreads the requests, so that a burst is followed by an even stream. The pacer's rate
// is the limit's own, so under backlog it does not reduce what the log allows.
type limit struct {
	name   string // as in RateLimit
	window *window
	of     func(costs) int64
	size   int64 // of a burst

	max  int64 // 0: there is no limit
	pace *rate.Limiter
}

// set changes the limit. The log keeps what was spent.
func (l *limit) set(now time.Time, most int64) {
	if most <= 0 {
		l.max, l.pace = 0, nil
		return
	}
	if most == l.max {
		return
	}
	perSecond, size := rate.Limit(float64(most)/l.window.length.Seconds()), int(min(l.size, most))
	if l.pace == nil {
		l.pace = rate.NewLimiter(perSecond, size)
		l.pace.AllowN(now, int(min(l.of(l.window.used), int64(size))))
	}
	l.max = most
	l.pace.SetLimitAt(now, perSecond)
	l.pace.SetBurstAt(now, size)
}

// wait returns how long t has to wait for its turn; zero means not at all.
func (l *limit) wait(now time.Time, t costs) time.Duration {
	return max(l.free(now, t), l.paced(now, l.of(t)))
}

// free returns how long it takes until the window has room for t, independently of the pacer.
func (l *limit) free(now time.Time, t costs) time.Duration {
	n := l.of(t)
	if l.max == 0 || n == 0 {
		return 0
	}
	if n > l.max {
		return neverPays
	}
	missing := l.of(l.window.used) + n - l.max
	if missing <= 0 {
		return 0
	}
	at, ok := l.window.freeAt(missing, l.of)
	if !ok {
		return soon
	}
	return at.Sub(now)
}

// paced returns how long the pacer takes to let n through.
func (l *limit) paced(now time.Time, n int64) time.Duration {
	if l.max == 0 || n == 0 {
		return 0
	}
	missing := float64(n) - l.pace.TokensAt(now)
	if missing <= 0 {
		return 0
	}
	// This rounds as the limiter does, so that a request that waits this long is not refused
	// then.
	return time.Duration(missing / float64(l.pace.Limit()) * float64(time.Second))
}

// take takes t from the pacer. What exceeds its tokens is owed; what is negative is given back.
func (l *limit) take(now time.Time, t costs) {
	if l.pace == nil {
		return
	}
	if n := int(l.of(t)); !l.pace.AllowN(now, n) {
		l.pace.ReserveN(now, n)
	}
}

// calm takes all tokens of the pacer except those for one write and those that it got in the
// time within until now.
func (l *limit) calm(now time.Time, within time.Duration) {
	if l.pace == nil {
		return
	}
	kept := float64(l.of(WriteCost.costs())) + float64(l.pace.Limit())*within.Seconds()
	if n := int(l.pace.TokensAt(now) - kept); n > 0 {
		l.pace.ReserveN(now, n)
	}
}

// fits reports whether t can ever be sent at once.
func (l *limit) fits(t costs) bool { return l.max == 0 || l.of(t) <= min(l.size, l.max) }

// countsRequests reports whether the limit counts requests, which SCMs report in headers.
func (l *limit) countsRequests() bool {
	return l.name == requestsPerHour || l.name == requestsPerMinute
}

// remaining returns how much may still be sent in the current window.
func (l *limit) remaining() int64 { return max(l.max-l.of(l.window.used), 0) }

// backlog estimates how long it takes to send n times t, beginning now.
func (l *limit) backlog(now time.Time, n int64, t costs) time.Duration {
	n *= l.of(t)
	if l.max == 0 || n == 0 {
		return 0
	}
	d := l.paced(now, n)
	if missing := l.of(l.window.used) + n - l.max; missing > 0 {
		if at, ok := l.window.freeAt(min(missing, l.max), l.of); ok {
			d = max(d, at.Sub(now))
		}
	}
	return d
}
