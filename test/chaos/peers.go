package chaos

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

// peers knows which process is behind each connection that passed a gate. An SCM has one
// address for all replicas, so the kernel is asked whose socket the other end is.
type peers struct {
	// running are the instances there are, by the ID of their process.
	running func() map[int]string

	mu sync.Mutex
	// by are the connections by the address that the SCM sees, the oldest first: the
	// system gives an address to one after the other.
	by map[string][]connection
}

// connection is one that passed a gate, and who is behind it.
type connection struct {
	since    time.Time
	instance string
}

func newPeers(running func() map[int]string) *peers {
	return &peers{running: running, by: map[string][]connection{}}
}

// welcome is told of a connection when it begins.
func (p *peers) welcome(from net.Conn, onward net.Addr) {
	since, instance := time.Now(), ""
	if inode := inodeOf(from.RemoteAddr(), from.LocalAddr()); inode != "" {
		for id, name := range p.running() {
			if holds(id, inode) {
				instance = name
				break
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.by[onward.String()] = append(p.by[onward.String()], connection{since, instance})
}

// unnoticed is how much later than its first request a connection may be noticed.
const unnoticed = 100 * time.Millisecond

// of is the instance that a call of a time came from, "" where it was gone too soon.
func (p *peers) of(peer string, at time.Time) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range slices.Backward(p.by[peer]) {
		if !c.since.After(at.Add(unnoticed)) {
			return c.instance
		}
	}
	return ""
}

// inodeOf is the inode of a socket between two addresses, "" if there is none.
func inodeOf(local, remote net.Addr) string {
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		return ""
	}
	between := []byte(hex(local) + " " + hex(remote) + " ")
	for line := range bytes.Lines(table) {
		if bytes.Contains(line, between) {
			if fields := strings.Fields(string(line)); len(fields) > 9 {
				return fields[9]
			}
		}
	}
	return ""
}

// hex is an address as the kernel's table has it.
func hex(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok || tcp.IP.To4() == nil {
		return ""
	}
	ip := tcp.IP.To4()
	return fmt.Sprintf("%02X%02X%02X%02X:%04X", ip[3], ip[2], ip[1], ip[0], tcp.Port)
}

// holds reports whether a process has a socket.
func holds(id int, inode string) bool {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", id))
	for _, file := range files {
		if target, err := os.Readlink(file); err == nil && target == "socket:["+inode+"]" {
			return true
		}
	}
	return false
}
