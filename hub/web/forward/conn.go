package forward

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"k8s.io/streaming/pkg/httpstream"
)

const (
	// failureLimit is how much of a kubelet's message is read, in bytes.
	failureLimit = 4096
	// failureWait is how long the reason is awaited of a connection that has ended: the kubelet
	// sends it on a stream of its own.
	failureWait = time.Second
)

// refusal is why a pod does not take a connection.
type refusal struct{ message string }

// Error implements error.
func (r *refusal) Error() string { return r.message }

// conn is one connection to a pod.
type conn struct {
	httpstream.Stream
	tunnel   *Tunnel
	failures httpstream.Stream
	// failure has why the connection failed, nil where it did not.
	failure chan error
	// read reports whether the pod has sent something.
	read bool
}

func newConn(t *Tunnel, stream, failures httpstream.Stream) *conn {
	c := &conn{Stream: stream, tunnel: t, failures: failures, failure: make(chan error, 1)}
	_ = failures.Close() // nothing is sent on it
	go func() {
		message, err := io.ReadAll(io.LimitReader(failures, failureLimit))
		if text := strings.TrimSpace(string(message)); text != "" {
			err = &refusal{fmt.Sprintf("nothing answers at port %d of pod %s. Either the hub there has no fleet page yet, or it could not open the address, and its log says so: %s",
				t.Port, t.Pod, text)}
		}
		c.failure <- err
	}()
	return c
}

// Read implements net.Conn. A pod that never sent anything has refused the connection, mostly.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Stream.Read(p)
	c.read = c.read || n > 0
	if !errors.Is(err, io.EOF) || c.read {
		return n, err
	}
	select {
	case failure := <-c.failure:
		c.failure <- failure
		if failure != nil {
			return n, failure
		}
	case <-time.After(failureWait):
	}
	return n, err
}

// Close implements net.Conn.
func (c *conn) Close() error {
	c.tunnel.connection.RemoveStreams(c.Stream, c.failures)
	return errors.Join(c.Stream.Reset(), c.failures.Reset())
}

// discard closes a connection that nobody takes; nil is none.
func (c *conn) discard() {
	if c != nil {
		_ = c.Close()
	}
}

// LocalAddr implements net.Conn.
func (c *conn) LocalAddr() net.Addr { return address("") }

// RemoteAddr implements net.Conn.
func (c *conn) RemoteAddr() net.Addr { return address(c.tunnel.Pod) }

// SetDeadline implements net.Conn.
func (c *conn) SetDeadline(time.Time) error { return os.ErrNoDeadline }

// SetReadDeadline implements net.Conn.
func (c *conn) SetReadDeadline(time.Time) error { return os.ErrNoDeadline }

// SetWriteDeadline implements net.Conn.
func (c *conn) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// address is the name of a pod.
type address string

// Network implements net.Addr.
func (address) Network() string { return "pod" }

// String implements net.Addr.
func (a address) String() string { return string(a) }
