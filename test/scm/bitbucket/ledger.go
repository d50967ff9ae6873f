package bitbucket

import "github.com/argoproj-labs/commit-status-hub/test/scm/wire"

// Call is a request that arrived and what became of it. It does not hold the
// Authorization header.
type Call = wire.Call

// arrive says in the ledger who asks for what.
func (s *Server) arrive(x *exchange) {
	x.route = wire.Find(routes[s.service], x.Exchange, x.Request.URL.EscapedPath())
	x.token = s.world.identify(x.Request.Header.Get("Authorization"))
	if x.token != nil {
		x.Call.User = x.token.user
	}
}

// Writes returns the calls that make or change build statuses, whatever they were answered.
func (s *Server) Writes() []Call {
	return s.Those(func(c *Call) bool { return c.Operation == OpSetBuild })
}
