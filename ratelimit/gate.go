package ratelimit

import (
	"context"
	"net"
	"net/http"
	"sync/atomic"
)

// Withheld is the error of a request that was not sent because the gate was shut.
// Nothing was spent on it, and it tells nothing about the SCM.
type Withheld struct {
	// Reason is why the gate was shut.
	Reason error
}

// Error says why.
func (w *Withheld) Error() string { return "not sent: " + w.Reason.Error() }

// Unwrap returns the reason.
func (w *Withheld) Unwrap() error { return w.Reason }

// Gate has ask asked just before each request of every installation is sent, free
// ones too, and again where a connection had to be made first. An error means that
// the request is not sent: it fails with a *Withheld. ask is called by many
// goroutines at once. Without a gate every request is sent.
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

// after returns a dial whose connection is used only if the gate lets it: making it
// may have taken long, and who waits for it was let through before.
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

// pass sends a request if the gate lets it.
func (in *Installation) pass(req *http.Request) (*http.Response, error) {
	if err := in.gate.check(); err != nil {
		if req.Body != nil {
			_ = req.Body.Close()
		}
		return nil, err
	}
	return in.transport.RoundTrip(req)
}
