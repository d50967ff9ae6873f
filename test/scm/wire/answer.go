package wire

import (
	"net/http"
	"strconv"
	"time"
)

// Answer is what goes back to the client.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// SetDefault sets a header that the answer does not have yet.
func (a *Answer) SetDefault(name, value string) {
	if a.Header.Get(name) == "" {
		a.Header.Set(name, value)
	}
}

// pieces is how many pieces a body is sent in that is slow.
const pieces = 10

// write sends an answer. Where it is cut, half of the body that its header promises is
// all that the client gets.
func (s *Server) write(w http.ResponseWriter, a Answer, fault Fault) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	switch {
	case fault.CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body[:len(a.Body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case fault.SlowBody > 0:
		w.WriteHeader(a.Status)
		s.drip(w, a.Body, fault.SlowBody/pieces)
	default:
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
	}
}

// drip sends a body in pieces, and takes a while before each.
func (s *Server) drip(w http.ResponseWriter, body []byte, while time.Duration) {
	for i := range pieces {
		select {
		case <-s.options.Clock.After(while):
		case <-s.stop:
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(body[len(body)*i/pieces : len(body)*(i+1)/pieces]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
	}
}
