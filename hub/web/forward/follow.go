package forward

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// followEvery is how often the Lease is read. A leader renews it about as often.
const followEvery = 2 * time.Second

// follower keeps a tunnel to the pod that leads.
type follower struct {
	hub   Hub
	every time.Duration
	// report takes a line for the person who waits.
	report func(string)

	mu     sync.Mutex
	tunnel *Tunnel
	// changed is closed, and made anew, when tunnel changes.
	changed chan struct{}
	// reported is the problem that was reported last.
	reported string
}

func newFollower(hub Hub, every time.Duration, report func(string)) *follower {
	return &follower{hub: hub, every: every, report: report, changed: make(chan struct{})}
}

// connect opens a tunnel to the leader of now.
func (f *follower) connect(ctx context.Context) error {
	leader, err := f.hub.Leader(ctx)
	if err != nil {
		return err
	}
	tunnel, err := f.hub.Open(ctx, leader)
	if err != nil {
		return err
	}
	f.set(tunnel)
	return nil
}

// set replaces the tunnel; nil is none.
func (f *follower) set(tunnel *Tunnel) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tunnel != nil {
		f.tunnel.Close()
	}
	f.tunnel = tunnel
	close(f.changed)
	f.changed = make(chan struct{})
}

// current returns the tunnel, nil for none, and a channel that is closed when that changes.
func (f *follower) current() (*Tunnel, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tunnel, f.changed
}

// follow replaces the tunnel when another pod leads, or when it is lost, until ctx ends.
func (f *follower) follow(ctx context.Context) {
	defer f.set(nil)
	ticker := time.NewTicker(f.every)
	defer ticker.Stop()
	for {
		tunnel, _ := f.current()
		lost := tunnel.done()
		select {
		case <-ctx.Done():
			return
		case <-lost:
			f.set(nil)
			f.report(fmt.Sprintf("The connection to pod %s is lost. Looking for the leader.", tunnel.Pod))
		case <-ticker.C:
		}
		if tunnel, _ = f.current(); tunnel == nil {
			f.reconnect(ctx)
		} else {
			f.compare(ctx, tunnel)
		}
	}
}

// done returns a channel that is closed when the tunnel is lost; without a tunnel, never.
func (t *Tunnel) done() <-chan struct{} {
	if t == nil {
		return nil
	}
	return t.Done()
}

// reconnect opens a tunnel where there is none, and reports each problem once.
func (f *follower) reconnect(ctx context.Context) {
	err := f.connect(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		f.problem("Not connected", err)
		return
	}
	tunnel, _ := f.current()
	f.reported = ""
	f.report(fmt.Sprintf("Connected to pod %s, which leads.", tunnel.Pod))
}

// compare replaces a tunnel that works where another pod leads. While nobody does, it stays.
func (f *follower) compare(ctx context.Context, tunnel *Tunnel) {
	lease, err := f.hub.lease(ctx)
	if err != nil || holder(lease) == tunnel.Identity {
		return
	}
	leader, err := f.hub.at(ctx, lease)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		f.problem(fmt.Sprintf("Still connected to pod %s, which does not lead any more", tunnel.Pod), err)
		return
	case leader.samePod(tunnel.Leader):
		// The hub in it has started again.
		tunnel.Identity = leader.Identity
		return
	}
	f.report(fmt.Sprintf("The leader has changed from pod %s to pod %s.", tunnel.Pod, leader.Pod))
	f.set(nil)
	f.reconnect(ctx)
}

// problem reports what does not work, once.
func (f *follower) problem(what string, err error) {
	if line := what + ": " + err.Error(); line != f.reported {
		f.reported = line
		f.report(line)
	}
}

// errNoTunnel is the error of a request while there is no tunnel.
var errNoTunnel = errors.New("there is no connection to a leader")

// RoundTrip implements http.RoundTripper. It tries a request again while the leader does not respond,
// at the latest when another one leads, for as long as the request's context lasts.
func (f *follower) RoundTrip(r *http.Request) (*http.Response, error) {
	timer := time.NewTimer(f.every)
	defer timer.Stop()
	for {
		tunnel, changed := f.current()
		response, err := (*http.Response)(nil), errNoTunnel
		if tunnel != nil {
			response, err = tunnel.RoundTrip(r)
		}
		if err == nil || r.Body != nil {
			return response, err
		}
		timer.Reset(f.every)
		select {
		case <-r.Context().Done():
			return nil, err
		case <-changed:
		case <-timer.C:
		}
	}
}
