package gitlab

import "github.com/argoproj-labs/commit-status-hub/test/scm/wire"

// Call is a request that arrived and what became of it. It holds neither the
// headers with a token nor the value of one. Its Path is escaped.
type Call = wire.Call

// arrive says in the ledger who asks for what.
func (s *Server) arrive(x *exchange) {
	path := x.Request.URL.EscapedPath()
	x.route = wire.Find(routes, x.Exchange, path)
	x.token = s.world.tokens[credential(x.Request)]
	x.Call.Path, x.Call.User = path, x.user()
	x.Call.RequestHeader.Del("Private-Token")
	s.budgets.enter(x.user())
}

// Writes returns the calls that set a status, whatever they were answered.
func (s *Server) Writes() []Call {
	return s.Those(func(c *Call) bool { return c.Operation == OpSetStatus })
}
