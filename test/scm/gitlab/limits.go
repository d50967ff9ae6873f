package gitlab

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Limits are enforced per user, in true sliding windows. 0 means that there is no
// such limit, as in a GitLab that somebody runs themselves.
type Limits struct {
	// RequestsPerMinute is what the RateLimit headers tell; without it they tell
	// RequestsPerHour, and without both they are not there.
	RequestsPerMinute, RequestsPerHour int
	WritesPerMinute, WritesPerHour     int
	MaxInFlight                        int
	// Grace is how long after the announcement of a pause requests are taken for
	// ones that were on their way already, and so are not violations.
	Grace time.Duration
}

// WithLimits makes the server refuse what exceeds l.
func WithLimits(l Limits) Option {
	return func(s *Server) { s.budgets.limits = l }
}

// admit counts a request and refuses it if that exceeds a limit.
func (s *Server) admit(x *exchange) *answer {
	b := s.budgets.of(x.user())
	if b == nil {
		return nil
	}
	b.pause.Admit(x.Exchange)
	if broken, wait := s.budgets.exceeded(b, x); broken != "" {
		x.Call.Violation = broken
		a := text(http.StatusTooManyRequests, "Retry later\n")
		a.Header.Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(wait.Seconds())))))
		return &a
	}
	b.count(x)
	return nil
}

// meter adds the RateLimit headers. GitLab tells a limit by the minute, whatever
// its period, but what is used of it as it is. Reset is when the next request
// would fit, since a window that slides is never reset as a whole.
func (s *Server) meter(x *exchange, a *answer) {
	b := s.budgets.of(x.user())
	for _, w := range s.budgets.limits.windows()[:2] {
		if b == nil || w.limit == 0 {
			continue
		}
		used, next := b.used(w, x.Now)
		limit := int(math.Ceil(float64(w.limit) / w.length.Minutes()))
		a.SetDefault("Ratelimit-Name", "throttle_authenticated_api")
		a.SetDefault("Ratelimit-Limit", strconv.Itoa(limit))
		a.SetDefault("Ratelimit-Observed", strconv.Itoa(used))
		a.SetDefault("Ratelimit-Remaining", strconv.Itoa(max(0, w.limit-used)))
		a.SetDefault("Ratelimit-Reset", strconv.FormatInt(x.Now.Add(next).Unix()+1, 10))
		return
	}
}

// announce remembers the pause that an answer asks for: a 429 or an error of the
// server, by Retry-After.
func (s *Server) announce(x *exchange, a answer) {
	b := s.budgets.of(x.user())
	if b == nil || a.Status != http.StatusTooManyRequests && a.Status < http.StatusInternalServerError {
		return
	}
	now := s.clock.Now()
	if until, ok := wire.RetryAt(a.Header, now); ok {
		b.pause.Announce(now, until, s.budgets.limits.Grace)
	}
}
