package kubeconfigs

import (
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/connrotation"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	userAgent = "commit-status-hub"
	// dialTimeout is for a TCP connection. client-go has the same limit, 10 s,
	// for the TLS handshake.
	dialTimeout = 10 * time.Second
)

// connection is how the hub speaks to one member.
type connection struct {
	// config holds no credential: its Transport brings that, so that a new
	// token reaches every client that was ever made from it.
	config    *rest.Config
	client    *http.Client
	transport *transport
	// doubts brings an error from a request that makes the connection doubtful.
	doubts chan error
	dialer *connrotation.Dialer

	once sync.Once
	rest rest.Interface
	err  error
}

// dial makes the connection that access allows. It sends nothing.
func dial(access *rest.Config, limits deadlines) (*connection, error) {
	server, _, err := rest.DefaultServerUrlFor(access)
	if err != nil {
		return nil, fmt.Errorf("reading the member's address: %w", err)
	}
	memberHosts.Store(server.Host, nil)
	bare := rest.CopyConfig(access)
	bare.BearerToken, bare.UserAgent, bare.Timeout = "", "", 0
	// A dialer of our own also keeps client-go from sharing the connections
	// with other clients of this server: they end with the member.
	dialer := connrotation.NewDialer((&net.Dialer{Timeout: dialTimeout}).DialContext)
	bare.Dial = dialer.DialContext
	// This is the default. Said aloud, it spares a copy of the credentials as a key of
	// client-go's cache of transports, in which none like it is ever looked for.
	bare.Proxy = http.ProxyFromEnvironment
	bare.WrapTransport = boundBuffers
	base, err := rest.TransportFor(bare)
	if err != nil {
		return nil, fmt.Errorf("making the member's transport: %w", err)
	}
	doubts := make(chan error, 1)
	carrier := &transport{base: base, server: server.Scheme + "://" + server.Host, deadlines: limits, doubts: doubts}
	if access.BearerTokenFile == "" {
		// A token file, which only the hub's own cluster has, is newer.
		carrier.token.Store(&access.BearerToken)
	}
	config := &rest.Config{
		Host:      server.String(),
		Transport: carrier,
		UserAgent: userAgent,
		// The hub writes to a member as often as statuses change and no more;
		// the limit of 5 requests/s that client-go sets by default would only
		// delay that. What protects the API server is its own fairness.
		QPS: -1,
		// A member's warnings are for people who work with it.
		WarningHandler: rest.NoWarnings{},
		ContentConfig: rest.ContentConfig{
			ContentType:        runtime.ContentTypeJSON,
			AcceptContentTypes: runtime.ContentTypeJSON,
		},
	}
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, fmt.Errorf("making the member's client: %w", err)
	}
	return &connection{config: config, client: client, transport: carrier, doubts: doubts, dialer: dialer}, nil
}

// boundBuffers bounds what a connection holds that the hub has not read: the headers of
// responses, and over HTTP/2 their bodies, of which Go would buffer 4 MiB for each watch. What
// client-go makes for the hub's own cluster may be of another type, and is left as it is.
func boundBuffers(base http.RoundTripper) http.RoundTripper {
	if own, ok := base.(*http.Transport); ok {
		own.MaxResponseHeaderBytes = headersLimit
		own.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: streamBuffer, MaxReceiveBufferPerConnection: connectionBuffer}
	}
	return base
}

// api is the client for the kinds that the hub watches. It is made once: a member is checked
// twice a minute, and each client that is thrown away is memory.
func (c *connection) api(codec *codec) (rest.Interface, error) {
	c.once.Do(func() {
		kind := v1alpha1.GroupVersion.WithKind("CommitStatus")
		if c.rest, c.err = apiutil.RESTClientForGVK(kind, false, false, c.config, codec.factory, c.client); c.err != nil {
			c.err = fmt.Errorf("making the member's client: %w", c.err)
		}
	})
	return c.rest, c.err
}

// present replaces the token from the next request on. Watches go on.
func (c *connection) present(token string) { c.transport.token.Store(&token) }

// close ends what is under way. Waiting for the connections to be idle would
// keep them, and a goroutine each, long after the member.
func (c *connection) close() { c.dialer.CloseAll() }
