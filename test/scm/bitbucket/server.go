package bitbucket

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// Server is a fake Bitbucket. Its methods are safe for concurrent use.
type Server struct {
	service  service
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
	limits Limits
	// budgets are what each credential spent, by its token.
	budgets map[string]*budget
}

// Option changes how a Server behaves.
type Option func(*Server)

// WithClock makes the server live by clk instead of the real time: windows slide
// and delays end by it.
func WithClock(clk clock.Clock) Option {
	return func(s *Server) { s.clock = clk }
}

// service is which Bitbucket it is.
type service int

const (
	cloud service = iota
	center
)

// NewCloud starts a Bitbucket Cloud on a free port of 127.0.0.1. It panics when there
// is none. The caller closes it.
func NewCloud(opts ...Option) *Server { return start(cloud, opts) }

// NewDataCenter starts a Bitbucket Data Center on a free port of 127.0.0.1. It panics
// when there is none. The caller closes it.
func NewDataCenter(opts ...Option) *Server { return start(center, opts) }

func start(which service, opts []Option) *Server {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(fmt.Sprintf("listen for the fake Bitbucket: %v", err))
	}
	s := &Server{
		service:  which,
		clock:    clock.RealClock{},
		listener: listener,
		stop:     make(chan struct{}),
		world:    newWorld(),
		budgets:  map[string]*budget{},
	}
	for _, o := range opts {
		o(s)
	}
	s.http = &http.Server{Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: 10 * time.Second}
	s.work.Go(func() { _ = s.http.Serve(listener) })
	return s
}

// URL is the root of the API: it ends in /2.0, or in /rest/api/latest.
func (s *Server) URL() string {
	if s.service == center {
		return s.root() + "/rest/api/latest"
	}
	return s.root() + "/2.0"
}

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
