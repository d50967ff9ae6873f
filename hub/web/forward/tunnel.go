package forward

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	corev1 "k8s.io/api/core/v1"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
)

// openLimit bounds how long the API server and the kubelet may take to open a tunnel.
const openLimit = 30 * time.Second

// Tunnel carries connections to one port of one pod, through the API server and the pod's kubelet.
//
// It is the part of client-go's PortForwarder that it does not export: that one closes all
// connections when one of them fails, says why to a handler for the whole process only, and needs a
// local port that every user of the machine can reach.
type Tunnel struct {
	Leader
	token      string
	connection httpstream.Connection
	transport  *http.Transport
	// requests numbers the connections.
	requests atomic.Int64
	// closed is closed by Close.
	closed chan struct{}
	once   sync.Once
}

// Open opens a tunnel to the page of a leader.
func (h Hub) Open(ctx context.Context, leader Leader) (*Tunnel, error) {
	ctx, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	dialer, err := h.dialer(leader.Pod)
	if err != nil {
		return nil, fmt.Errorf("preparing to forward a port: %w", err)
	}
	type result struct {
		connection httpstream.Connection
		err        error
	}
	opened := make(chan result)
	go func() {
		connection, protocol, err := dialer.Dial(portforward.PortForwardProtocolV1Name)
		if err == nil && protocol != portforward.PortForwardProtocolV1Name {
			_ = connection.Close()
			err = fmt.Errorf("the API server answers with the protocol %q", protocol)
		}
		select {
		case opened <- result{connection, err}:
		case <-ctx.Done():
			if err == nil {
				_ = connection.Close()
			}
		}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, fmt.Errorf("forwarding a port to pod %s/%s: %w", h.Namespace, leader.Pod, r.err)
		}
		return newTunnel(leader, h.Token, r.connection), nil
	case <-ctx.Done():
		return nil, fmt.Errorf("forwarding a port to pod %s/%s: %w", h.Namespace, leader.Pod, ctx.Err())
	}
}

func newTunnel(leader Leader, token string, connection httpstream.Connection) *Tunnel {
	t := &Tunnel{Leader: leader, connection: connection, closed: make(chan struct{})}
	t.transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx) }}
	if leader.Secure {
		t.token = token
		// The hub makes its certificate itself. That this is the hub's pod, its API server has checked.
		t.transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12, InsecureSkipVerify: true} //nolint:gosec // see above
	}
	go func() {
		select {
		case <-connection.CloseChan():
			t.Close()
		case <-t.closed:
		}
	}()
	return t
}

// dialer asks for WebSockets, and where they are not served for SPDY, as kubectl does.
func (h Hub) dialer(pod string) (httpstream.Dialer, error) {
	core, err := corev1client.NewForConfig(h.Config)
	if err != nil {
		return nil, err
	}
	url := core.RESTClient().Post().Namespace(h.Namespace).Resource("pods").Name(pod).SubResource("portforward").URL()
	transport, upgrader, err := spdy.RoundTripperFor(h.Config)
	if err != nil {
		return nil, err
	}
	webSockets, err := portforward.NewSPDYOverWebsocketDialerForStreaming(url, h.Config)
	if err != nil {
		return nil, err
	}
	plain := spdy.NewDialerForStreaming(upgrader, &http.Client{Transport: transport}, http.MethodPost, url)
	return portforward.NewFallbackDialerForStreaming(webSockets, plain, func(err error) bool {
		return httpstream.IsUpgradeFailure(err) || httpstream.IsHTTPSProxyError(err)
	}), nil
}

// Done is closed when the tunnel is, by whichever side.
func (t *Tunnel) Done() <-chan struct{} { return t.closed }

// Close ends the tunnel with all its connections.
func (t *Tunnel) Close() {
	t.once.Do(func() { close(t.closed) })
	_ = t.connection.Close()
	t.transport.CloseIdleConnections()
}

// RoundTrip implements http.RoundTripper: it sends a request to the pod, whatever its host.
func (t *Tunnel) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.Secure {
		r = r.Clone(r.Context())
		r.URL.Scheme = "https"
		r.Header.Set("Authorization", "Bearer "+t.token)
	}
	response, err := t.transport.RoundTrip(r)
	var refused *refusal
	if errors.As(err, &refused) {
		err = refused
	}
	return response, err
}

// URL is the page's address at the other end.
func (t *Tunnel) URL() string { return "http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(t.Port)) }

// errBroken is the error of a tunnel that is of no use any more.
var errBroken = errors.New("the connection to the leader's pod is lost")

// dial opens a connection. Whether the pod takes it shows at the first read. A tunnel that opens
// none any more is closed.
func (t *Tunnel) dial(ctx context.Context) (net.Conn, error) {
	type result struct {
		conn *conn
		err  error
	}
	opened := make(chan result)
	go func() {
		c, err := t.open()
		select {
		case opened <- result{c, err}:
		case <-ctx.Done():
			c.discard()
		case <-t.closed:
			c.discard()
		}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			t.Close()
			return nil, fmt.Errorf("%w: %w", errBroken, r.err)
		}
		return r.conn, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-t.closed:
		return nil, errBroken
	}
}

// open opens the two streams of a connection. The other side has to take each of them.
func (t *Tunnel) open() (*conn, error) {
	headers := http.Header{}
	headers.Set(corev1.PortHeader, strconv.Itoa(t.Port))
	headers.Set(corev1.PortForwardRequestIDHeader, strconv.FormatInt(t.requests.Add(1), 10))
	headers.Set(corev1.StreamType, corev1.StreamTypeError)
	failures, err := t.connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	headers.Set(corev1.StreamType, corev1.StreamTypeData)
	stream, err := t.connection.CreateStream(headers)
	if err != nil {
		return nil, err
	}
	return newConn(t, stream, failures), nil
}
