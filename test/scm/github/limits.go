package github

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Limits are enforced per installation, in true sliding windows. 0 means that
// there is no such limit.
type Limits struct {
	RequestsPerHour, RequestsPerMinute int
	// PointsPerMinute counts 1 for a read and 5 for a write.
	PointsPerMinute                int
	WritesPerMinute, WritesPerHour int
	MaxInFlight                    int
	// Grace is how long after the announcement of a pause requests are taken for
	// ones that were on their way already, and so are not violations.
	Grace time.Duration
}

// WithLimits makes the server refuse what exceeds l. RequestsPerHour also
// replaces the 5000 that the x-ratelimit headers tell and that are enforced
// anyway.
func WithLimits(l Limits) Option {
	return func(s *Server) { s.budgets.limits = l }
}

// admit counts a request and refuses it if that exceeds a limit.
func (s *Server) admit(x *exchange) *answer {
	b := s.budgets.of(x.caller)
	if b == nil {
		return nil
	}
	b.pause.Admit(x.Exchange)
	if used, limit := b.used(x.Now), s.budgets.primary(); used >= limit {
		x.Call.Violation = "primary limit"
		a := s.primaryLimit(x.caller).answer("")
		return &a
	}
	if broken, wait := s.budgets.exceeded(b, x); broken != "" {
		x.Call.Violation = broken
		a := secondaryLimit().answer("")
		a.Header.Set("Retry-After", strconv.Itoa(int(max(1, math.Ceil(wait.Seconds())))))
		return &a
	}
	b.count(x)
	return nil
}

func (s *Server) primaryLimit(c caller) *refused {
	r := refusal(http.StatusForbidden, "API rate limit exceeded for installation ID %d.", c.installation)
	if c.user != nil {
		r = refusal(http.StatusForbidden, "API rate limit exceeded for user ID %d.", s.world.id(c.user.login))
	}
	r.docs = "using-the-rest-api/rate-limits-for-the-rest-api#about-primary-rate-limits"
	return r
}

func secondaryLimit() *refused {
	r := refusal(http.StatusForbidden, "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.")
	r.docs = "using-the-rest-api/rate-limits-for-the-rest-api#about-secondary-rate-limits"
	return r
}

// meter adds the x-ratelimit headers. An answer that nothing changed is free.
func (s *Server) meter(x *exchange, a *answer) {
	limit := s.budgets.primary()
	b := s.budgets.of(x.caller)
	if b == nil {
		b = &budget{}
	} else if a.Status == http.StatusNotModified {
		b.refund(x)
	}
	used := b.used(x.Now)
	reset := b.hour.Add(time.Hour)
	if b.hour.IsZero() {
		reset = x.Now.Add(time.Hour)
	}
	a.SetDefault("X-Ratelimit-Limit", strconv.Itoa(limit))
	a.SetDefault("X-Ratelimit-Used", strconv.Itoa(used))
	a.SetDefault("X-Ratelimit-Remaining", strconv.Itoa(max(0, limit-used)))
	a.SetDefault("X-Ratelimit-Reset", strconv.FormatInt(reset.Unix()+1, 10))
	a.SetDefault("X-Ratelimit-Resource", "core")
}

// announce remembers the pause that an answer asks for, by Retry-After or by an
// exhausted primary limit.
func (s *Server) announce(x *exchange, a answer) {
	b := s.budgets.of(x.caller)
	if b == nil || a.Status < http.StatusBadRequest {
		return
	}
	now := s.clock.Now()
	until, ok := wire.RetryAt(a.Header, now)
	if reset, err := strconv.ParseInt(a.Header.Get("X-Ratelimit-Reset"), 10, 64); !ok && err == nil &&
		a.Header.Get("X-Ratelimit-Remaining") == "0" &&
		(a.Status == http.StatusForbidden || a.Status == http.StatusTooManyRequests) {
		until = time.Unix(reset, 0)
	}
	b.pause.Announce(now, until, s.budgets.limits.Grace)
}
