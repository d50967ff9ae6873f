package wire

import "bytes"

// open makes the ledger's entry for a request that arrived.
func (s *Server) open(x *Exchange) {
	header := x.Request.Header.Clone()
	header.Del("Authorization")
	x.Call = &Call{
		At:            x.Now,
		Peer:          x.Request.RemoteAddr,
		Method:        x.Request.Method,
		Path:          x.Request.URL.Path,
		Query:         x.Request.URL.RawQuery,
		RequestHeader: header,
	}
	s.calls = append(s.calls, x.Call)
}

// record closes the entry.
func (s *Server) record(x *Exchange, a Answer, lost bool) {
	x.Call.Answered = s.options.Clock.Now()
	x.Call.Status = a.Status
	x.Call.Lost = lost
	x.Call.ResponseHeader = a.Header.Clone()
	x.Call.ResponseBody = s.kept(a.Body)
}

// kept is a body as the ledger keeps it.
func (s *Server) kept(body []byte) []byte {
	body = bytes.Clone(body)
	if s.options.Redact == nil {
		return body
	}
	return s.options.Redact(body)
}

// Calls returns every call in the order of arrival, those that were refused and those
// that a Fault met included.
func (s *Server) Calls() []Call {
	return s.Those(func(*Call) bool { return true })
}

// Those returns the calls that fit, in the order of arrival. fits must not call the
// server, nor change what it is given.
func (s *Server) Those(fits func(*Call) bool) []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := []Call{}
	for _, c := range s.calls {
		if fits(c) {
			found = append(found, c.clone())
		}
	}
	return found
}

// Violations is how many requests exceeded a limit, or came during a pause that an
// answer before them announced. Each is marked in its Call.
func (s *Server) Violations() int {
	return len(s.Those(func(c *Call) bool { return c.Violation != "" }))
}
