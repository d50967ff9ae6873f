package gitea

import (
	"bytes"
	"encoding/json"
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
	call    *Call
	now     time.Time
	body    []byte
	// route is nil where the API has none.
	route  *route
	params map[string]string
	// token is nil where the Authorization header holds none that is known.
	token *token
}

// answer is what goes back to the client.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		panic(http.ErrAbortHandler)
	}
	defer s.work.Done()
	x := &exchange{request: r}
	s.do(func() { s.arrive(x) })
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	x.body = body
	var refused *answer
	var fault Fault
	s.do(func() {
		x.call.RequestBody = bytes.Clone(body)
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
		fault.override(&a)
		s.announce(x, a)
		s.record(x, a, fault.DropAfter || fault.Cut)
	})
	if fault.DropAfter {
		panic(http.ErrAbortHandler)
	}
	write(w, a, fault.Cut)
}

// act answers a request that nothing keeps from the API.
func (s *Server) act(x *exchange) answer {
	if x.route == nil {
		return text(http.StatusNotFound, "404 page not found\n")
	}
	return x.route.handle(s, x)
}

// write sends an answer, or only the first half of its body.
func write(w http.ResponseWriter, a answer, half bool) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	w.WriteHeader(a.status)
	if half {
		_, _ = w.Write(a.body[:len(a.body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(a.body)
}

func reply(status int, v any) answer {
	body, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("encode an answer of the fake Gitea: %v", err))
	}
	return answer{status: status, header: http.Header{"Content-Type": {"application/json;charset=utf-8"}}, body: append(body, '\n')}
}

func text(status int, body string) answer {
	return answer{status: status, header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}}, body: []byte(body)}
}

// complaint is Gitea's body of an error.
type complaint struct {
	Errors  []string `json:"errors,omitempty"`
	Message string   `json:"message"`
	URL     string   `json:"url"`
}

func (s *Server) refuse(status int, format string, args ...any) answer {
	return reply(status, complaint{Message: fmt.Sprintf(format, args...), URL: s.root() + "/api/swagger"})
}

// fail is a 500. In production, Gitea tells the cause to administrators alone.
func (s *Server) fail(x *exchange, format string, args ...any) answer {
	if x.token == nil || !x.token.admin {
		return s.refuse(http.StatusInternalServerError, "")
	}
	return s.refuse(http.StatusInternalServerError, format, args...)
}
