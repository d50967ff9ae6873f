package e2e

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// gate stands before the hub's API server, and can be shut: whoever goes through it
// then finds no server.
type gate struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	shut  bool
	conns map[net.Conn]struct{}
}

// newGate opens a gate until the end of the spec.
func newGate() *gate {
	GinkgoHelper()
	u, err := url.Parse(hubCluster.Config.Host)
	Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	g := &gate{listener: listener, server: u.Host, conns: map[net.Conn]struct{}{}}
	go g.serve()
	DeferCleanup(func() {
		_ = listener.Close()
		g.set(true)
	})
	return g
}

// access is a kubeconfig of the hub's cluster that leads through the gate.
func (g *gate) access(w *world) []byte {
	return bytes.ReplaceAll(w.kubeconfig(), []byte(g.server), []byte(g.listener.Addr().String()))
}

func (g *gate) serve() {
	for {
		from, err := g.listener.Accept()
		if err != nil {
			return
		}
		if !g.enter(from) {
			_ = from.Close()
			continue
		}
		go g.forward(from)
	}
}

func (g *gate) enter(c net.Conn) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return false
	}
	g.conns[c] = struct{}{}
	return true
}

func (g *gate) forward(from net.Conn) {
	defer from.Close()
	to, err := net.Dial("tcp", g.server)
	if err != nil {
		return
	}
	defer to.Close()
	go func() {
		_, _ = io.Copy(to, from)
		_ = to.Close()
	}()
	_, _ = io.Copy(from, to)
}

// set shuts or opens the gate.
func (g *gate) set(shut bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	if shut {
		for c := range g.conns {
			_ = c.Close()
		}
		clear(g.conns)
	}
}
