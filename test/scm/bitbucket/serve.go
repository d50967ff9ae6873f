package bitbucket

import (
	"net/http"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// exchange is one request on its way to its answer.
type exchange struct {
	*wire.Exchange
	// route is nil where the API has none.
	route *route
	// token is nil where the Authorization header holds none that is known.
	token *token
}

func (s *Server) steps(e *wire.Exchange) wire.Steps {
	x := &exchange{Exchange: e}
	return wire.Steps{
		Arrive:   func() { s.arrive(x) },
		Admit:    func() *answer { return s.admit(x) },
		Act:      func() answer { return s.act(x) },
		Finish:   func(a *answer) { s.meter(x, a) },
		Announce: func(a answer) { s.announce(x, a) },
	}
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.route == nil {
		return text(http.StatusNotFound, "<html>Page not found</html>")
	}
	return x.route.Handle(s, x)
}
