package ratelimit

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// Withheld is the error of a request that was not sent because the gate was closed. It cost
// nothing, and says nothing about the SCM.
type Withheld struct {
	// Reason is the cause.
	Reason error
}

// Error returns the cause's text.
func (w *Withheld) Error() string { return "not sent: " + w.Reason.Error() }

// Unwrap returns the reason.
func (w *Withheld) Unwrap() error { return w.Reason }

// Gate calls ask just before each request of every installation is sent, including free ones,
// and again after a connection had to be made. If ask returns an error, the request is not sent
// and fails with a *Withheld. ask is called by many goroutines at once. Without a gate every
// request is sent.
func (i *Installations) Gate(ask func() error) { i.gate.ask.Store(&ask) }

// gate is shared by all installations.
type gate struct {
	ask atomic.Pointer[func() error]
}

func (g *gate) check() error {
	ask := g.ask.Load()
	if ask == nil {
		return nil
	}
	if err := (*ask)(); err != nil {
		return &Withheld{Reason: err}
	}
	return nil
}

type dialFunc = func(ctx context.Context, network, addr string) (net.Conn, error)

// after returns a dial function whose connection is used only if the gate is still open:
// dialing may take long, and the request passed the gate before it.
func (g *gate) after(dial dialFunc) dialFunc {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		if err := g.check(); err != nil {
			_ = conn.Close()
			return nil, err
		}
		return conn, nil
	}
}

// pass sends a request if the gate is open.
func (in *Installation) pass(req *http.Request) (*http.Response, error) {
	if err := in.gate.check(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return in.transport.RoundTrip(req)
}
