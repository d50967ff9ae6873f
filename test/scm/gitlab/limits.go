package gitlab

import (
	"math"
	"net/http"
	"strconv"
	"time"
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

// Violations is how many requests exceeded a limit, or came during a pause that
// was announced by a 429. Each is marked in its Call.
func (s *Server) Violations() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.ledger.calls {
		if c.Violation != "" {
			n++
		}
	}
	return n
}

// admit counts a request and refuses it if that exceeds a limit.
func (s *Server) admit(x *exchange) *answer {
	b := s.budgets.of(x.user())
	if b == nil {
		return nil
	}
	if x.now.Before(b.pausedUntil) && !x.now.Before(b.pausedFrom) {
		x.call.Violation = "sent during an announced pause"
	}
	if broken, wait := s.budgets.exceeded(b, x); broken != "" {
		x.call.Violation = broken
		a := text(http.StatusTooManyRequests, "Retry later\n")
		a.header.Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(wait.Seconds())))))
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
		used, next := b.used(w, x.now)
		limit := int(math.Ceil(float64(w.limit) / w.length.Minutes()))
		a.setDefault("Ratelimit-Name", "throttle_authenticated_api")
		a.setDefault("Ratelimit-Limit", strconv.Itoa(limit))
		a.setDefault("Ratelimit-Observed", strconv.Itoa(used))
		a.setDefault("Ratelimit-Remaining", strconv.Itoa(max(0, w.limit-used)))
		a.setDefault("Ratelimit-Reset", strconv.FormatInt(x.now.Add(next).Unix()+1, 10))
		return
	}
}

// announce remembers the pause that an answer asks for.
func (s *Server) announce(x *exchange, a answer) {
	b := s.budgets.of(x.user())
	if b == nil || a.status != http.StatusTooManyRequests && a.status < http.StatusInternalServerError {
		return
	}
	now := s.clock.Now()
	seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
	if until := now.Add(time.Duration(seconds) * time.Second); err == nil && until.After(b.pausedUntil) && until.After(now) {
		if !now.Before(b.pausedUntil) {
			b.pausedFrom = now.Add(s.budgets.limits.Grace)
		}
		b.pausedUntil = until
	}
}
