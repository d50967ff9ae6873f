package faults

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Gates have ports that no client is given by the system, which could then not be
	// opened again.
	firstGatePort, gatePorts = 20_000, 10_000
	// reopenEvery is how often, and reopenTries how many times, a port is asked for again.
	reopenEvery, reopenTries = 20 * time.Millisecond, 250
)

// Gate passes connections on to a server, whatever they carry, and can be shut: whoever
// comes then is refused, and connections there are are reset.
type Gate struct {
	address, server string
	welcome         func(from net.Conn, onward net.Addr)
	refused         atomic.Int64

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]struct{}
	closed   bool
	work     sync.WaitGroup
}

// NewGate opens a gate on 127.0.0.1 before a server. welcome is told of each connection,
// with the address that the server sees it come from; nothing waits for it but the end of
// the connection. It may be nil. The caller closes the gate.
func NewGate(server string, welcome func(from net.Conn, onward net.Addr)) (*Gate, error) {
	g := &Gate{server: server, welcome: welcome, conns: map[net.Conn]struct{}{}}
	for range reopenTries {
		g.address = net.JoinHostPort("127.0.0.1", strconv.Itoa(firstGatePort+rand.IntN(gatePorts)))
		if err := g.open(); err == nil {
			return g, nil
		}
	}
	return nil, errors.New("there is no free port for a gate")
}

// Address is where the gate listens.
func (g *Gate) Address() string { return g.address }

// Cut is how many connections were reset so far.
func (g *Gate) Cut() int64 { return g.refused.Load() }

// Shut resets the connections that there are, and refuses others until Open.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil {
		_ = g.listener.Close()
		g.listener = nil
	}
	for c := range g.conns {
		reset(c)
		g.refused.Add(1)
	}
	clear(g.conns)
}

// Open lets connections through again.
func (g *Gate) Open() error {
	var err error
	for range reopenTries {
		if err = g.open(); err == nil {
			return nil
		}
		<-time.After(reopenEvery)
	}
	return err
}

func (g *Gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener != nil || g.closed {
		return nil
	}
	listener, err := net.Listen("tcp", g.address)
	if err != nil {
		return fmt.Errorf("opening a gate: %w", err)
	}
	g.listener = listener
	g.work.Go(func() { g.serve(listener) })
	return nil
}

// Close shuts the gate for good, and waits for the end of what passed through.
func (g *Gate) Close() {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.Shut()
	g.work.Wait()
}

func (g *Gate) serve(listener net.Listener) {
	for {
		from, err := listener.Accept()
		if err != nil {
			return
		}
		g.work.Go(func() { g.pass(from) })
	}
}

func (g *Gate) pass(from net.Conn) {
	defer g.leave(from)
	to, err := net.Dial("tcp", g.server)
	if err != nil {
		reset(from)
		return
	}
	defer g.leave(to)
	if !g.enter(from, to) {
		reset(from)
		return
	}
	if g.welcome != nil {
		welcomed := make(chan struct{})
		defer func() { <-welcomed }()
		go func() {
			defer close(welcomed)
			g.welcome(from, to.LocalAddr())
		}()
	}
	back := make(chan struct{})
	go func() {
		defer close(back)
		_, _ = io.Copy(from, to)
		_ = from.Close()
	}()
	_, _ = io.Copy(to, from)
	_ = to.Close()
	<-back
}

// enter is false where the gate was shut meanwhile.
func (g *Gate) enter(conns ...net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.listener == nil {
		return false
	}
	for _, c := range conns {
		g.conns[c] = struct{}{}
	}
	return true
}

func (g *Gate) leave(c net.Conn) {
	g.mu.Lock()
	delete(g.conns, c)
	g.mu.Unlock()
	_ = c.Close()
}

// reset has the other side see a reset in place of an end.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
