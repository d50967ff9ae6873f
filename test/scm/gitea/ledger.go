package gitea

import "github.com/argoproj-labs/commit-status-hub/test/scm/wire"

// Call is a request that arrived and what became of it. It does not hold the
// Authorization header.
type Call = wire.Call

// arrive says in the ledger who asks for what.
func (s *Server) arrive(x *exchange) {
	r := x.Request
	x.route, x.params = find(r.Method, r.URL.EscapedPath())
	x.token = s.world.identify(r.Header.Get("Authorization"))
	if x.token != nil {
		x.Call.User = x.token.user
	}
	if x.route != nil {
		x.Call.Operation = x.route.operation
	}
}

// Writes returns the calls that make statuses, whatever they were answered.
func (s *Server) Writes() []Call {
	return s.Those(func(c *Call) bool { return c.Operation == OpCreateStatus })
}
