package wire

import (
	"net/http"
	"strconv"
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

// write sends an answer. Where it is cut, half of the body that its header promises is
// all that the client gets.
func (a Answer) write(w http.ResponseWriter, cut bool) {
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	if !cut {
		w.WriteHeader(a.Status)
		_, _ = w.Write(a.Body)
		return
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Body)))
	w.WriteHeader(a.Status)
	_, _ = w.Write(a.Body[:len(a.Body)/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}
