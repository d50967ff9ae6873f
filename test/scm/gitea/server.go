package gitea

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Server is a fake Gitea. Its methods are safe for concurrent use.
type Server struct {
	clock    clock.Clock
	listener net.Listener
	http     *http.Server
	stop     chan struct{}
	work     sync.WaitGroup

	// mu guards everything below. No request or answer is read or written while
	// it is held.
	mu     sync.Mutex
	closed bool
	world  world
	calls  []*Call
	faults []*Fault
	proxy  proxy
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithClock makes the server live by clk instead of the real time: windows slide
// and delays end by it.
func WithClock(clk clock.Clock) Option {
	return func(s *Server) { s.clock = clk }
}

// New starts a server on a free port of 127.0.0.1. It panics when there is none.
// The caller closes it.
func New(opts ...Option) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("listen for the fake Gitea: %v", err))
	}
	s := &Server{
		clock:    clock.RealClock{},
		listener: listener,
		stop:     make(chan struct{}),
		world:    newWorld(),
	}
	for _, o := range opts {
		o(s)
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.http.Serve(listener) })
	return s
}

// URL is the root of the API: it ends in /api/v1.
func (s *Server) URL() string { return s.root() + "/api/v1" }

func (s *Server) root() string { return "http://" + s.listener.Addr().String() }

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

// begin counts a request, so that Close waits for it. It is false once the server
// is closing.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.work.Add(1)
	return true
}

// do runs f while it alone looks at the server's state.
func (s *Server) do(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}
