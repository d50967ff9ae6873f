package bitbucket

import (
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Server is a fake Bitbucket. Its methods are safe for concurrent use.
type Server struct {
	wire.Server
	service service
	clock   clock.Clock

	// Do guards everything below.
	world  world
	limits Limits
	// budgets are what each credential spent, by its token.
	budgets map[string]*budget
}

// Fault makes the server misbehave.
type Fault = wire.Fault

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
	s := &Server{
		service: which,
		clock:   clock.RealClock{},
		world:   newWorld(),
		budgets: map[string]*budget{},
	}
	for _, o := range opts {
		o(s)
	}
	s.Start(wire.Options{SCM: "Bitbucket", Clock: s.clock, Form: answers, Steps: s.steps})
	return s
}

// URL is the root of the API: it ends in /2.0, or in /rest/api/latest.
func (s *Server) URL() string {
	if s.service == center {
		return s.Root() + "/rest/api/latest"
	}
	return s.Root() + "/2.0"
}
