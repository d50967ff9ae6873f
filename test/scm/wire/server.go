package wire

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Server is a fake SCM as far as it is like the others. Its methods are safe for
// concurrent use once it is started.
type Server struct {
	options  Options
	listener net.Listener
	http     *http.Server
	stop     chan struct{}
	work     sync.WaitGroup

	// mu guards everything below, and all state of the fake. No request or answer is
	// read or written while it is held.
	mu     sync.Mutex
	closed bool
	calls  []*Call
	faults []*Fault
}

// Options are what a fake adds to a Server. All but Redact are required.
type Options struct {
	// SCM is the name of what is faked, for people.
	SCM string
	// Clock is what the ledger tells the time by, and what delays end by.
	Clock clock.Clock
	// Form has the Content-Types of a Fault's Body.
	Form Form
	// Redact takes the secrets out of a body that the ledger is to keep. It may change
	// what it is given, and the server's lock is held.
	Redact func([]byte) []byte
	// Steps are the fake's own part in an exchange that begins.
	Steps func(*Exchange) Steps
}

// Start listens on a free port of 127.0.0.1. It panics when there is none. The caller
// closes the server.
func (s *Server) Start(o Options) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("listen for the fake %s: %v", o.SCM, err))
	}
	s.options = o
	s.listener = listener
	s.stop = make(chan struct{})
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.http.Serve(listener) })
}

// Root is where the server is, without a path.
func (s *Server) Root() string { return "http://" + s.listener.Addr().String() }

// Close stops the server, ends the requests that hang or are delayed without an
// answer, and returns when none is left. What was recorded can still be read.
func (s *Server) Close() {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		close(s.stop)
		_ = s.http.Close()
	}
	s.work.Wait()
}

// begin counts a request, so that Close waits for it. It is false once the server is
// closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

// Do runs f while it alone looks at the server's state. f must not call the server.
func (s *Server) Do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}
