package github

import "github.com/argoproj-labs/commit-status-hub/test/scm/wire"

// Call is a request that arrived and what became of it. It holds neither the
// Authorization header nor the value of a token.
type Call = wire.Call

// arrive says in the ledger who asks for what.
func (s *Server) arrive(x *exchange) {
	x.route = wire.Find(routes, x.Exchange, s.byID(x.Request.URL.EscapedPath()))
	x.caller = s.identify(x)
	x.Call.App, x.Call.Installation = x.caller.app, x.caller.installation
	if x.caller.user != nil {
		x.Call.User = x.caller.user.login
	}
	s.budgets.enter(x.caller)
}

// Writes returns the calls that make or change check runs or commit statuses,
// whatever they were answered.
func (s *Server) Writes() []Call {
	return s.Those(func(c *Call) bool {
		return c.Operation == OpCreateCheckRun || c.Operation == OpUpdateCheckRun || c.Operation == OpCreateStatus
	})
}
