package faults

import (
	"net"
	"sync"
)

// listener can reset connections.
type listener struct {
	net.Listener
	mu      sync.Mutex
	open    map[*connection]struct{}
	refuses bool
	// refused is told of each connection that is refused.
	refused func()
}

func newListener(l net.Listener) *listener {
	return &listener{Listener: l, open: map[*connection]struct{}{}, refused: func() {}}
}

// Accept implements net.Listener.
func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c := &connection{Conn: accepted, listener: l}
		l.mu.Lock()
		l.open[c] = struct{}{}
		refuses := l.refuses
		l.mu.Unlock()
		if !refuses {
			return c, nil
		}
		c.reset()
		l.refused()
	}
}

func (l *listener) refuse(refuses bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuses = refuses
}

// cut resets all connections and returns how many there were.
func (l *listener) cut() int {
	l.mu.Lock()
	all := make([]*connection, 0, len(l.open))
	for c := range l.open {
		all = append(all, c)
	}
	l.mu.Unlock()
	for _, c := range all {
		c.reset()
	}
	return len(all)
}

type connection struct {
	net.Conn
	listener *listener
}

// Close implements net.Conn.
func (c *connection) Close() error {
	c.listener.mu.Lock()
	delete(c.listener.open, c)
	c.listener.mu.Unlock()
	return c.Conn.Close()
}

// reset has the other side see a reset in place of an end.
func (c *connection) reset() {
	reset(c.Conn)
	_ = c.Close()
}
