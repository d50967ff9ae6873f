package github

import (
	"net/http"
	"strconv"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// exchange is one request on its way to its answer.
type exchange struct {
	*wire.Exchange
	// route is nil where the API has none.
	route *route
	// caller is who the Authorization header proves, even by an expired token.
	caller caller
	// spent is what it took of its caller's budget, nil for nothing.
	spent *spending
}

// path returns a folded path parameter: GitHub takes owners, repositories and
// hashes in any case.
func (x *exchange) path(name string) string { return fold(x.Params[name]) }

// repository is the folded owner/name of the path.
func (x *exchange) repository() string { return x.path("owner") + "/" + x.path("repo") }

func (s *Server) steps(e *wire.Exchange) wire.Steps {
	x := &exchange{Exchange: e}
	return wire.Steps{
		Arrive:   func() { s.arrive(x) },
		Admit:    func() *answer { return s.admit(x) },
		Act:      func() answer { return s.act(x) },
		Finish:   func(a *answer) { s.finish(x, a) },
		Announce: func(a answer) { s.announce(x, a) },
		Leave:    func() { s.budgets.leave(x.caller) },
	}
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.Request.UserAgent() == "" {
		return text(http.StatusForbidden, "\r\nRequest forbidden by administrative rules. "+
			"Please make sure your request has a User-Agent header.\r\n")
	}
	if a := s.redirected(x.Request); a != nil {
		return *a
	}
	if x.route == nil {
		return refusal(http.StatusNotFound, "Not Found").answer("")
	}
	a, err := x.route.Handle.answer(s, x)
	if err != nil {
		return err.answer(x.route.Handle.docs)
	}
	return a
}

// finish adds what every answer carries.
func (s *Server) finish(x *exchange, a *answer) {
	s.conditional(x, a)
	s.requests++
	id := "F00D:" + strconv.FormatInt(int64(0x10000+s.requests), 16)
	a.SetDefault("X-Github-Request-Id", id)
	a.SetDefault("X-Github-Media-Type", "github.v3; format=json")
	a.SetDefault("Date", x.Now.UTC().Format(http.TimeFormat))
	s.meter(x, a)
	x.tellScopes(a)
}
