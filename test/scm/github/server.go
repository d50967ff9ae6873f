package github

import (
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// Server is a fake GitHub. Its methods are safe for concurrent use.
type Server struct {
	wire.Server
	clock clock.Clock

	// Do guards everything below.
	world    world
	tokens   map[string]*token
	runs     checkRuns
	statuses commitStatuses
	budgets  budgets
	requests int
	// lag is how long a token is refused after it was made.
	lag time.Duration
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
		clock:    clock.RealClock{},
		world:    newWorld(),
		tokens:   map[string]*token{},
		runs:     newCheckRuns(),
		statuses: newCommitStatuses(),
		budgets:  newBudgets(),
	}
	for _, o := range opts {
		o(s)
	}
	s.Start(wire.Options{SCM: "GitHub", Clock: s.clock, Form: answers, Redact: s.redact, Steps: s.steps})
	return s
}

// URL is the root of the API, as api.github.com is: without a slash at its end.
func (s *Server) URL() string { return s.Root() }
