package gitea

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Fault makes the server misbehave. Delay comes first and goes together with each
// of the others; of those, one is set.
type Fault struct {
	// Match says which requests it meets; it may read the body. All, when nil. It
	// must not call the server.
	Match func(*http.Request) bool
	// Times is how many requests it meets: one when 0, all when negative.
	Times int

	// Delay passes, by the server's clock, before the request is acted upon.
	Delay time.Duration
	// Status answers without acting.
	Status int
	// Header goes with the answer, whoever gives it, in place of what Gitea would
	// send. A name without values takes the header away.
	Header http.Header
	// Body is the body of the answer that Status gives.
	Body string
	// DropBefore closes the connection without acting.
	DropBefore bool
	// DropAfter acts, then closes the connection without an answer.
	DropAfter bool
	// Cut acts, then closes the connection in the middle of the answer's body.
	Cut bool
	// Hang keeps the request until its client goes away or the server is closed.
	Hang bool
}

// Inject adds a fault. The first one that matches a request meets it.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.do(func() { s.faults = append(s.faults, &f) })
}

// ClearFaults takes all faults away. Requests that hang go on hanging.
func (s *Server) ClearFaults() {
	s.do(func() { s.faults = nil })
}

// takeFault returns the fault that meets a request, or one that does nothing.
func (s *Server) takeFault(x *exchange) Fault {
	for i, f := range s.faults {
		x.request.Body = io.NopCloser(bytes.NewReader(x.body))
		if f.Match != nil && !f.Match(x.request) {
			continue
		}
		x.call.Injected = true
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return *f
	}
	return Fault{}
}

// interrupt lives through what a fault does before the request is acted upon. It
// ends the request without an answer by a panic that net/http knows.
func (s *Server) interrupt(x *exchange, f Fault) {
	if f.Delay > 0 {
		select {
		case <-s.clock.After(f.Delay):
		case <-x.request.Context().Done():
			panic(http.ErrAbortHandler)
		case <-s.stop:
			panic(http.ErrAbortHandler)
		}
	}
	if f.Hang {
		select {
		case <-x.request.Context().Done():
		case <-s.stop:
		}
	}
	if f.Hang || f.DropBefore {
		panic(http.ErrAbortHandler)
	}
}

func (f Fault) answer() answer {
	a := text(f.Status, f.Body)
	if strings.HasPrefix(strings.TrimSpace(f.Body), "{") {
		a.header.Set("Content-Type", "application/json;charset=utf-8")
	}
	return a
}

func (f Fault) override(a *answer) {
	for name, values := range f.Header {
		if len(values) == 0 {
			a.header.Del(name)
			continue
		}
		a.header[http.CanonicalHeaderKey(name)] = slices.Clone(values)
	}
}
