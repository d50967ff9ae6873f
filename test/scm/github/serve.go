package github

import (
	"bytes"
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
	// caller is who the Authorization header proves, even by an expired token.
	caller caller
	// spent is what it took of its caller's budget, nil for nothing.
	spent *spending
}

// path returns a folded path parameter: GitHub takes owners, repositories and
// hashes in any case.
func (x *exchange) path(name string) string { return fold(x.params[name]) }

// repository is the folded owner/name of the path.
func (x *exchange) repository() string { return x.path("owner") + "/" + x.path("repo") }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()

	x := &exchange{request: r}
	s.do(func() { s.arrive(x) })
	defer s.do(func() { s.budgets.leave(x.caller) })

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
		refused = s.admit(x)
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
	})
	if fault.DropAfter {
		panic(http.ErrAbortHandler)
	}
	write(w, a, fault.CutBody)
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.request.UserAgent() == "" {
		return text(http.StatusForbidden, "\r\nRequest forbidden by administrative rules. "+
			"Please make sure your request has a User-Agent header.\r\n")
	}
	if x.route == nil {
		return refusal(http.StatusNotFound, "Not Found").answer("")
	}
	a, err := x.route.handle(s, x)
	if err != nil {
		return err.answer(x.route.docs)
	}
	return a
}

// finish adds what every answer carries, and records it.
func (s *Server) finish(x *exchange, a *answer, fault Fault) {
	s.conditional(x, a)
	s.requests++
	id := "F00D:" + strconv.FormatInt(int64(0x10000+s.requests), 16)
	a.setDefault("X-Github-Request-Id", id)
	a.setDefault("X-Github-Media-Type", "github.v3; format=json")
	a.setDefault("Date", x.now.UTC().Format(http.TimeFormat))
	s.meter(x, a)
	x.tellScopes(a)
	fault.override(a)
	s.announce(x, *a)
	s.record(x, *a, fault.DropAfter || fault.CutBody)
}

// write sends an answer. Where it is cut, half of the body that its header promises
// is all that the client gets.
func write(w http.ResponseWriter, a answer, cut bool) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	body := a.body
	if cut {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		body = body[:len(body)/2]
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(body)
	if cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}
