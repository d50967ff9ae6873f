package gitea

import (
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// nginxPage is how a proxy refuses: it knows nothing of JSON.
const nginxPage = "<html>\r\n<head><title>429 Too Many Requests</title></head>\r\n" +
	"<body>\r\n<center><h1>429 Too Many Requests</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"

// Limits are those of a proxy before Gitea, which counts all of its clients
// together in a true sliding window, and says so in no header before it refuses.
type Limits struct {
	// RequestsPerMinute is 0 for no limit.
	RequestsPerMinute int
	// RetryAfter says that a refusal tells how long to wait.
	RetryAfter bool
}

// WithLimits puts a proxy before Gitea.
func WithLimits(l Limits) Option {
	return func(s *Server) { s.proxy.limits = l }
}

type proxy struct {
	limits Limits
	// sent holds when the requests of the last minute were let through.
	sent  []time.Time
	pause wire.Pause
}

// admit counts a request and refuses it if that exceeds the limit.
func (s *Server) admit(x *exchange) *answer {
	p := &s.proxy
	p.pause.Admit(x.Exchange)
	for len(p.sent) > 0 && x.Now.Sub(p.sent[0]) >= time.Minute {
		p.sent = p.sent[1:]
	}
	if p.limits.RequestsPerMinute == 0 || len(p.sent) < p.limits.RequestsPerMinute {
		p.sent = append(p.sent, x.Now)
		return nil
	}
	x.Call.Violation = "requests a minute"
	a := text(http.StatusTooManyRequests, nginxPage)
	a.Header.Set("Content-Type", "text/html")
	if p.limits.RetryAfter {
		wait := p.sent[0].Add(time.Minute).Sub(x.Now)
		a.Header.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
	return &a
}

// announce remembers the pause that an answer asks for.
func (s *Server) announce(a answer) {
	if a.Status != http.StatusTooManyRequests && a.Status != http.StatusServiceUnavailable {
		return
	}
	now := s.clock.Now()
	if until, ok := wire.RetryAt(a.Header, now); ok {
		s.proxy.pause.Announce(now, until, 0)
	}
}
