package gitlab

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

// maxBody is the longest request body that is read.
const maxBody = 1 << 20

// exchange is one request on its way to its answer.
type exchange struct {
	request *http.Request
	// call is its place in the ledger.
	call *Call
	now  time.Time
	body []byte
	// route is nil where the API has none.
	route  *route
	params map[string]string
	// token is what the request proves to have, even an expired one; nil for none.
	token *token
	// locked is the commit that it holds the lock of, nil for none.
	locked *commit
}

// user is who asks, "" for somebody unknown.
func (x *exchange) user() string {
	if x.token == nil {
		return ""
	}
	return x.token.user
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()

	x := &exchange{request: r}
	s.do(func() { s.arrive(x) })
	defer s.do(func() {
		s.budgets.leave(x.user())
		s.unlock(x)
	})

	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x.body = body

	var refused *answer
	var fault Fault
	s.do(func() {
		x.call.RequestBody = s.redact(bytes.Clone(body))
		// It is counted now, whatever was counted since it arrived.
		x.now = s.clock.Now()
		if refused = s.admit(x); refused == nil {
			refused = s.lock(x)
		}
		fault = s.takeFault(x)
	})
	s.interrupt(x, fault)

	var a answer
	s.do(func() {
		switch {
		case fault.Status != 0:
			a = fault.answer()
		case refused != nil:
			a = *refused
		default:
			a = s.act(x)
		}
		s.finish(x, &a, fault)
		// Whoever reads the answer may write the next status at once.
		s.unlock(x)
	})
	if fault.DropAfter {
		panic(http.ErrAbortHandler)
	}
	if fault.CutBody {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
		a.body = a.body[:len(a.body)/2]
	}
	write(w, a)
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.route == nil {
		return reply(http.StatusNotFound, map[string]string{"error": "404 Not Found"})
	}
	a, err := x.route.handle(s, x)
	if err != nil {
		return err.answer()
	}
	return a
}

// finish adds what every answer carries, and records it.
func (s *Server) finish(x *exchange, a *answer, fault Fault) {
	s.requests++
	a.setDefault("X-Request-Id", fmt.Sprintf("01F00D%08X", s.requests))
	a.setDefault("X-Gitlab-Meta", fmt.Sprintf(`{"correlation_id":"01F00D%08X","version":"1"}`, s.requests))
	a.setDefault("Date", x.now.UTC().Format(http.TimeFormat))
	s.meter(x, a)
	fault.override(a)
	s.announce(x, *a)
	s.record(x, *a, fault.DropAfter || fault.CutBody)
}

func write(w http.ResponseWriter, a answer) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}
