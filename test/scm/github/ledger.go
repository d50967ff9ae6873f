package github

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Call is a request that arrived and what became of it. It holds neither the
// Authorization header nor the value of a token.
type Call struct {
	// At is when the request arrived, and Answered when its answer was decided;
	// zero while there is none.
	At, Answered time.Time
	Method       string
	// Path is without Query, which is in its encoded form.
	Path, Query string
	// Operation is one of the Op constants, or empty for a path that the API
	// does not have.
	Operation string
	// Status is what the client was answered, and 0 without an answer. If Lost,
	// it is what the client would have been answered.
	Status int
	// Lost says that the answer never left although the request was acted upon.
	Lost bool
	// App and Installation are who asked, as far as the credential proves it; 0
	// otherwise. For find_installation and create_token, Installation is the one
	// that was found.
	App, Installation int64
	// User is the login of the one whose personal access token was sent.
	User string
	// Injected says that a Fault met the request.
	Injected bool
	// Violation is which limit or announced pause the request disregarded.
	Violation                     string
	RequestHeader, ResponseHeader http.Header
	RequestBody, ResponseBody     []byte
}

// ledger holds every call in the order of arrival.
type ledger struct{ calls []*Call }

// arrive opens the ledger's entry for a request.
func (s *Server) arrive(x *exchange) {
	r := x.request
	x.now = s.clock.Now()
	x.route, x.params = find(r.Method, r.URL.Path)
	x.caller = s.identify(x)
	header := r.Header.Clone()
	header.Del("Authorization")
	x.call = &Call{
		At:            x.now,
		Method:        r.Method,
		Path:          r.URL.Path,
		Query:         r.URL.RawQuery,
		App:           x.caller.app,
		Installation:  x.caller.installation,
		RequestHeader: header,
	}
	if x.caller.user != nil {
		x.call.User = x.caller.user.login
	}
	if x.route != nil {
		x.call.Operation = x.route.operation
	}
	s.ledger.calls = append(s.ledger.calls, x.call)
	s.budgets.enter(x.caller)
}

// record closes the entry.
func (s *Server) record(x *exchange, a answer, lost bool) {
	x.call.Answered = s.clock.Now()
	x.call.Status = a.status
	x.call.Lost = lost
	x.call.ResponseHeader = a.header.Clone()
	x.call.ResponseBody = s.redact(bytes.Clone(a.body))
}

// Calls returns every call in the order of arrival, those that were refused and
// those that a Fault met included.
func (s *Server) Calls() []Call {
	return s.calls(func(*Call) bool { return true })
}

// Writes returns the calls that make or change check runs or commit statuses,
// whatever they were answered.
func (s *Server) Writes() []Call {
	return s.calls(func(c *Call) bool {
		return c.Operation == OpCreateCheckRun || c.Operation == OpUpdateCheckRun || c.Operation == OpCreateStatus
	})
}

func (s *Server) calls(fits func(*Call) bool) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Call{}
	for _, c := range s.ledger.calls {
		if fits(c) {
			found = append(found, c.clone())
		}
	}
	return found
}

func (c *Call) clone() Call {
	d := *c
	d.RequestHeader, d.ResponseHeader = c.RequestHeader.Clone(), c.ResponseHeader.Clone()
	d.RequestBody, d.ResponseBody = slices.Clone(c.RequestBody), slices.Clone(c.ResponseBody)
	return d
}

// URL is the path and the query of the call.
func (c Call) URL() *url.URL { return &url.URL{Path: c.Path, RawQuery: c.Query} }
