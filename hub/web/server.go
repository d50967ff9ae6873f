package web

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-logr/logr"
)

// DefaultBindAddress is where the page is unless told otherwise: on loopback, where who may
// forward a port to the pod may look.
const DefaultBindAddress = "127.0.0.1:8082"

const (
	// headerTimeout bounds the reading of a request's header, idleTimeout a connection without a
	// request, and writeTimeout the writing of an answer, or of one update of it.
	headerTimeout = 5 * time.Second
	idleTimeout   = time.Minute
	writeTimeout  = 10 * time.Second
	// maxHeader is the largest header of a request in bytes, with its path and its token.
	maxHeader = 16 << 10
	// stopGrace is how long a stop waits for answers that are being written.
	stopGrace = time.Second
)

// Options are the settings of a Server.
type Options struct {
	// BindAddress is where it listens. "0" serves nothing.
	BindAddress string
	// Authorize lets those through who may look, and answers all others. It is used on any
	// address but a loopback one, where the answers go over TLS by TLS.
	Authorize func(http.Handler) (http.Handler, error)
	TLS       func() (*tls.Config, error)
	Source    Source
	Log       logr.Logger
}

// Server serves the fleet page. It runs on every replica: what a standby lacks, its pages say.
type Server struct {
	options Options
	reader  *reader
	stop    chan struct{}
	// streams is how many pages are kept up to date.
	streams atomic.Int64
}

// New makes a Server, and keeps from now on what its pages show of requests.
func New(o Options) *Server {
	r := &reader{Source: o.Source, history: newHistory(), requests: newRequests()}
	o.Source.Installations.OnRequest(r.requests.observe)
	return &Server{options: o, reader: r, stop: make(chan struct{})}
}

// NeedLeaderElection reports whether it runs on the leader only. It does not.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends. If the default address is taken, the hub goes on without the page.
func (s *Server) Start(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.options.BindAddress)
	switch {
	case errors.Is(err, syscall.EADDRINUSE) && s.options.BindAddress == DefaultBindAddress:
		s.options.Log.Info("the fleet page is not served: its address is taken", "address", s.options.BindAddress)
		return nil
	case err != nil:
		return fmt.Errorf("listening for the fleet page: %w", err)
	}
	local := loopback(listener.Addr())
	handler, err := s.guarded(local)
	if err != nil {
		_ = listener.Close()
		return err
	}
	if !local {
		config, err := s.options.TLS()
		if err != nil {
			_ = listener.Close()
			return fmt.Errorf("making a certificate for the fleet page: %w", err)
		}
		listener = tls.NewListener(listener, config)
	}
	s.options.Log.Info("serving the fleet page", "address", listener.Addr().String(), "secure", !local)
	return s.serve(ctx, listener, handler)
}

func (s *Server) serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout,
		MaxHeaderBytes: maxHeader, ErrorLog: nil,
	}
	sampled := make(chan error, 1)
	go func() { sampled <- sampler{s.reader}.Start(ctx) }()
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	var err error
	select {
	case err = <-ended:
	case <-ctx.Done():
		close(s.stop)
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopGrace)
		defer cancel()
		if server.Shutdown(grace) != nil {
			_ = server.Close()
		}
		err = <-ended
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serving the fleet page: %w", err)
	}
	return <-sampled
}

// loopback reports whether only this machine reaches an address.
func loopback(address net.Addr) bool {
	tcp, ok := address.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
