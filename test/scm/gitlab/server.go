package gitlab

import (
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// apiRoot is where GitLab's API begins.
const apiRoot = "/api/v4"

// Server is a fake GitLab. Its methods are safe for concurrent use.
type Server struct {
	wire.Server
	clock clock.Clock

	// Do guards everything below.
	world    world
	shown    pipelines
	locks    map[commit]bool
	budgets  budgets
	requests int
}

// Fault makes the server misbehave.
type Fault = wire.Fault

// Option changes how a Server behaves.
type Option func(*Server)

// WithClock makes the server live by clk instead of the real time: tokens
// expire, windows slide and delays end by it.
func WithClock(clk clock.Clock) Option {
	return func(s *Server) { s.clock = clk }
}

// New starts a server on a free port of 127.0.0.1. It panics when there is
// none. The caller closes it.
func New(opts ...Option) *Server {
	s := &Server{
		clock:   clock.RealClock{},
		world:   newWorld(),
		shown:   newPipelines(),
		locks:   map[commit]bool{},
		budgets: newBudgets(),
	}
	for _, o := range opts {
		o(s)
	}
	s.Start(wire.Options{SCM: "GitLab", Clock: s.clock, Form: answers, Redact: s.redact, Steps: s.steps})
	return s
}

// URL is the root of the API, such as https://gitlab.com/api/v4: without a slash
// at its end.
func (s *Server) URL() string { return s.Root() + apiRoot }
