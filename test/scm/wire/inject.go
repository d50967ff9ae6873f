package wire

import (
	"bytes"
	"io"
	"net/http"
	"slices"
)

// Inject adds a fault. The first one that matches a request meets it.
func (s *Server) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	s.Do(func() { s.faults = append(s.faults, &f) })
}

// ClearFaults takes all faults away. Requests that hang go on hanging.
func (s *Server) ClearFaults() {
	s.Do(func() { s.faults = nil })
}

// takeFault returns the fault that meets a request, or one that does nothing.
func (s *Server) takeFault(x *Exchange) Fault {
	for i, f := range s.faults {
		x.Request.Body = io.NopCloser(bytes.NewReader(x.Body))
		if f.Match != nil && !f.Match(x.Request) {
			continue
		}
		x.Call.Injected = true
		if f.Times--; f.Times == 0 {
			s.faults = slices.Delete(s.faults, i, i+1)
		}
		return *f
	}
	return Fault{}
}

// interrupt lives through what a fault does before the request is acted upon.
func (s *Server) interrupt(r *http.Request, f Fault) {
	if f.Delay > 0 {
		select {
		case <-s.options.Clock.After(f.Delay):
		case <-r.Context().Done():
			panic(http.ErrAbortHandler)
		case <-s.stop:
			panic(http.ErrAbortHandler)
		}
	}
	if f.Hang {
		s.hang(r)
	}
	if f.DropBefore {
		panic(http.ErrAbortHandler)
	}
}

// hang waits until the client of a request goes away, or the server is closed.
func (s *Server) hang(r *http.Request) {
	select {
	case <-r.Context().Done():
	case <-s.stop:
	}
	panic(http.ErrAbortHandler)
}
