package gitlab

import (
	"fmt"
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// exchange is one request on its way to its answer.
type exchange struct {
	*wire.Exchange
	// route is nil where the API has none.
	route *route
	// token is what the request proves to have, even an expired one; nil for none.
	token *token
	// locked is the commit that it holds the lock of, nil for none.
	locked *commit
}

// user is who asks, "" for somebody unknown.
func (x *exchange) user() string {
	if x.token == nil {
		return ""
	}
	return x.token.user
}

func (s *Server) steps(e *wire.Exchange) wire.Steps {
	x := &exchange{Exchange: e}
	return wire.Steps{
		Arrive: func() { s.arrive(x) },
		Admit: func() *answer {
			if refused := s.admit(x); refused != nil {
				return refused
			}
			return s.lock(x)
		},
		Act:    func() answer { return s.act(x) },
		Finish: func(a *answer) { s.finish(x, a) },
		Announce: func(a answer) {
			s.announce(x, a)
			// Whoever reads the answer may write the next status at once.
			s.unlock(x)
		},
		Leave: func() {
			s.budgets.leave(x.user())
			s.unlock(x)
		},
	}
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.route == nil {
		return reply(http.StatusNotFound, map[string]string{"error": "404 Not Found"})
	}
	a, err := x.route.Handle(s, x)
	if err != nil {
		return err.answer()
	}
	return a
}

// finish adds what every answer carries.
func (s *Server) finish(x *exchange, a *answer) {
	s.requests++
	a.SetDefault("X-Request-Id", fmt.Sprintf("01F00D%08X", s.requests))
	a.SetDefault("X-Gitlab-Meta", fmt.Sprintf(`{"correlation_id":"01F00D%08X","version":"1"}`, s.requests))
	a.SetDefault("Date", x.Now.UTC().Format(http.TimeFormat))
	s.meter(x, a)
}
