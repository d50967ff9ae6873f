package gitea

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Call is a request that arrived and what became of it. It does not hold the
// Authorization header.
type Call struct {
	// At is when the request arrived, and Answered when its answer was decided;
	// zero while there is none.
	At, Answered time.Time
	Method       string
	// Path is without Query, which is in its encoded form.
	Path, Query string
	// Operation is one of the Op constants, or empty for a path that the API does
	// not have.
	Operation string
	// Status is what the client was answered, and 0 without an answer. If Lost, it
	// is what the client would have been answered.
	Status int
	// Lost says that the answer did not leave as a whole although the request was
	// acted upon.
	Lost bool
	// User is who asked, "" for nobody who is known.
	User string
	// Injected says that a Fault met the request.
	Injected bool
	// Violation is which limit or announced pause the request disregarded.
	Violation                     string
	RequestHeader, ResponseHeader http.Header
	RequestBody, ResponseBody     []byte
}

// arrive opens the ledger's entry for a request.
func (s *Server) arrive(x *exchange) {
	r := x.request
	x.now = s.clock.Now()
	x.route, x.params = find(r.Method, r.URL.EscapedPath())
	x.token = s.world.identify(r.Header.Get("Authorization"))
	header := r.Header.Clone()
	header.Del("Authorization")
	x.call = &Call{At: x.now, Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, RequestHeader: header}
	if x.token != nil {
		x.call.User = x.token.user
	}
	if x.route != nil {
		x.call.Operation = x.route.operation
	}
	s.calls = append(s.calls, x.call)
}

// record closes the entry.
func (s *Server) record(x *exchange, a answer, lost bool) {
	x.call.Answered = s.clock.Now()
	x.call.Status = a.status
	x.call.Lost = lost
	x.call.ResponseHeader = a.header.Clone()
	x.call.ResponseBody = bytes.Clone(a.body)
}

// Calls returns every call in the order of arrival, those that were refused and
// those that a Fault met included.
func (s *Server) Calls() []Call {
	return s.those(func(*Call) bool { return true })
}

// Writes returns the calls that make statuses, whatever they were answered.
func (s *Server) Writes() []Call {
	return s.those(func(c *Call) bool { return c.Operation == OpCreateStatus })
}

func (s *Server) those(fit func(*Call) bool) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Call{}
	for _, c := range s.calls {
		if fit(c) {
			d := *c
			d.RequestHeader, d.ResponseHeader = c.RequestHeader.Clone(), c.ResponseHeader.Clone()
			d.RequestBody, d.ResponseBody = slices.Clone(c.RequestBody), slices.Clone(c.ResponseBody)
			found = append(found, d)
		}
	}
	return found
}

// URL is the path and the query of the call.
func (c Call) URL() *url.URL { return &url.URL{Path: c.Path, RawQuery: c.Query} }
