package clusters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/cri-streaming/pkg/streaming/portforward"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Kubelet is a node that forwards ports, and does nothing else: it runs no containers. What a pod
// serves is anywhere on this machine. The API server reaches it as any kubelet.
type Kubelet struct {
	cluster *Cluster
	node    string
	server  *httptest.Server

	mu sync.Mutex
	// pods have the addresses that they serve, by port, and tunnels the connections to them.
	pods    map[string]map[int32]string
	tunnels map[string][]net.Conn
}

type connKey struct{}

const (
	// tunnelIdle and tunnelCreation are those of a kubelet: how long a tunnel may be idle, and how
	// long a connection in it may take to open.
	tunnelIdle     = 4 * time.Hour
	tunnelCreation = 30 * time.Second
)

// StartKubelet adds a node. The caller closes it.
func (c *Cluster) StartKubelet(ctx context.Context, node string) (*Kubelet, error) {
	k := &Kubelet{cluster: c, node: node, pods: map[string]map[int32]string{}, tunnels: map[string][]net.Conn{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/portForward/{namespace}/{pod}", k.portForward)
	mux.HandleFunc("/portForward/{namespace}/{pod}/{uid}", k.portForward)
	k.server = httptest.NewUnstartedServer(mux)
	k.server.Config.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, connKey{}, conn)
	}
	k.server.StartTLS()
	at := k.server.Listener.Addr().(*net.TCPAddr)
	object := &corev1.Node{ObjectMeta: metav1.ObjectMeta{Name: node}}
	if err := c.Client.Create(ctx, object); err != nil {
		k.Close()
		return nil, fmt.Errorf("making the node %s: %w", node, err)
	}
	object.Status.Addresses = []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: at.IP.String()}}
	object.Status.DaemonEndpoints.KubeletEndpoint.Port = int32(at.Port)
	if err := c.Client.Status().Update(ctx, object); err != nil {
		k.Close()
		return nil, fmt.Errorf("reporting where the kubelet of %s is: %w", node, err)
	}
	return k, nil
}

// Run makes a pod on the node, which serves addresses of this machine at its ports.
func (k *Kubelet) Run(ctx context.Context, pod *corev1.Pod, serves map[int32]string) error {
	pod.Spec.NodeName = k.node
	if err := k.cluster.Client.Create(ctx, pod); err != nil {
		return fmt.Errorf("making the pod %s: %w", pod.Name, err)
	}
	pod.Status.Phase = corev1.PodRunning
	if err := k.cluster.Client.Status().Update(ctx, pod); err != nil {
		return fmt.Errorf("reporting the pod %s: %w", pod.Name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.pods[pod.Name] = serves
	return nil
}

// Kill deletes a pod at once, and breaks the connections to it.
func (k *Kubelet) Kill(ctx context.Context, pod *corev1.Pod) error {
	if err := k.cluster.Client.Delete(ctx, pod, client.GracePeriodSeconds(0)); err != nil {
		return fmt.Errorf("deleting the pod %s: %w", pod.Name, err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.pods, pod.Name)
	k.breakTunnels(pod.Name)
	return nil
}

// Tunnels returns how many connections of the API server to a pod are open.
func (k *Kubelet) Tunnels(pod string) int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.tunnels[pod])
}

// Close ends the kubelet and all connections to its pods.
func (k *Kubelet) Close() {
	k.mu.Lock()
	for pod := range k.tunnels {
		k.breakTunnels(pod)
	}
	k.mu.Unlock()
	k.server.Close()
}

func (k *Kubelet) breakTunnels(pod string) {
	for _, conn := range k.tunnels[pod] {
		_ = conn.Close()
	}
	delete(k.tunnels, pod)
}

func (k *Kubelet) portForward(w http.ResponseWriter, r *http.Request) {
	pod, conn := r.PathValue("pod"), r.Context().Value(connKey{}).(net.Conn)
	k.mu.Lock()
	k.tunnels[pod] = append(k.tunnels[pod], conn)
	k.mu.Unlock()
	options, err := portforward.NewV4Options(r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	portforward.ServePortForward(w, r, k, pod, r.PathValue("uid"), options, tunnelIdle, tunnelCreation, portforward.SupportedProtocols)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, each := range k.tunnels[pod] {
		if each == conn {
			k.tunnels[pod] = append(k.tunnels[pod][:i:i], k.tunnels[pod][i+1:]...)
			return
		}
	}
}

// PortForward implements portforward.PortForwarder, as container runtimes do.
func (k *Kubelet) PortForward(ctx context.Context, pod, _ string, port int32, stream io.ReadWriteCloser) error {
	k.mu.Lock()
	address := k.pods[pod][port]
	k.mu.Unlock()
	if address == "" {
		return fmt.Errorf("dial tcp4 127.0.0.1:%d: connect: connection refused", port)
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, stream)
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	if _, err := io.Copy(stream, conn); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
