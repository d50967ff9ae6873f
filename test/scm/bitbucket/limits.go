package bitbucket

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Limits are counted for each credential. The zero value is no limit.
type Limits struct {
	// RequestsPerHour is Cloud's, in a true sliding window. Scaled says that the
	// answers tell it, as they do with scaled limits.
	RequestsPerHour int
	Scaled          bool
	// Tokens is the size of Data Center's bucket, which gets Fill more every Interval.
	Tokens, Fill int
	Interval     time.Duration
}

// WithLimits makes the server refuse what exceeds l.
func WithLimits(l Limits) Option {
	return func(s *Server) { s.limits = l }
}

// budget is what one credential spent.
type budget struct {
	// sent holds when the requests of the last hour were let through.
	sent []time.Time
	// taken is how many tokens are gone since filled.
	taken  int
	filled time.Time
	pause  wire.Pause
}

func (s *Server) budget(x *exchange) *budget {
	key := x.Request.Header.Get("Authorization")
	if s.budgets[key] == nil {
		s.budgets[key] = &budget{filled: x.Now}
	}
	return s.budgets[key]
}

// admit counts a request and refuses it if that exceeds a limit.
func (s *Server) admit(x *exchange) *answer {
	b := s.budget(x)
	b.pause.Admit(x.Exchange)
	if s.service == center {
		return s.admitCenter(x, b)
	}
	for len(b.sent) > 0 && x.Now.Sub(b.sent[0]) >= time.Hour {
		b.sent = b.sent[1:]
	}
	if s.limits.RequestsPerHour > 0 && len(b.sent) >= s.limits.RequestsPerHour {
		x.Call.Violation = "requests an hour"
		a := s.refuse(http.StatusTooManyRequests, "", "Rate limit for this resource has been exceeded")
		return &a
	}
	b.sent = append(b.sent, x.Now)
	return nil
}

func (s *Server) admitCenter(x *exchange, b *budget) *answer {
	if s.limits.Tokens == 0 {
		return nil
	}
	s.fill(b, x.Now)
	if b.taken >= s.limits.Tokens {
		x.Call.Violation = "token bucket"
		a := s.refuse(http.StatusTooManyRequests, "web.RateLimitException", "Rate limit exceeded.")
		return &a
	}
	b.taken++
	return nil
}

// fill gives back what the intervals that are over brought.
func (s *Server) fill(b *budget, now time.Time) {
	intervals := int(now.Sub(b.filled) / s.limits.Interval)
	b.filled = b.filled.Add(time.Duration(intervals) * s.limits.Interval)
	b.taken = max(0, b.taken-intervals*s.limits.Fill)
}

// meter adds the headers of limits. Data Center sends Retry-After with every answer,
// 0 while there are tokens.
func (s *Server) meter(x *exchange, a *answer) {
	if a.Header == nil {
		a.Header = http.Header{}
	}
	set := func(name string, n int) { a.Header.Set(name, strconv.Itoa(n)) }
	switch {
	case s.service == cloud && s.limits.Scaled:
		set("X-RateLimit-Limit", s.limits.RequestsPerHour)
		a.Header.Set("X-RateLimit-Resource", "api-repositories")
		a.Header.Set("X-RateLimit-NearLimit", strconv.FormatBool(len(s.budget(x).sent)*5 > s.limits.RequestsPerHour*4))
	case s.service == center && s.limits.Tokens > 0:
		b := s.budget(x)
		set("X-RateLimit-Limit", s.limits.Tokens)
		set("X-RateLimit-Remaining", max(0, s.limits.Tokens-b.taken))
		set("X-RateLimit-Interval-Seconds", int(s.limits.Interval.Seconds()))
		set("X-RateLimit-FillRate", s.limits.Fill)
		wait := 0
		if b.taken >= s.limits.Tokens {
			wait = int(math.Ceil(b.filled.Add(s.limits.Interval).Sub(x.Now).Seconds()))
		}
		set("Retry-After", wait)
	}
}

// announce remembers the pause that a refusal asks for.
func (s *Server) announce(x *exchange, a answer) {
	if a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return
	}
	now := s.clock.Now()
	if until, ok := wire.RetryAt(a.Header, now); ok {
		s.budget(x).pause.Announce(now, until, 0)
	}
}
