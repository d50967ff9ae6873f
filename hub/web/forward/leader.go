package forward

import (
	"context"
	"fmt"
	"strings"
	"time"

	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Hub is a person's access to one hub: its cluster, its namespace and the name of its Lease.
type Hub struct {
	Client client.Reader
	Config *rest.Config
	// Namespace is where the hub runs, and Lease what its replicas compete for there.
	Namespace, Lease string
	// Token is sent as a bearer token to a page that takes one; "" is none.
	Token string
}

// Leader is the replica that writes.
type Leader struct {
	// Identity is the Lease's holder. It differs when the hub in the same pod starts again.
	Identity string
	// Pod and UID are those of the pod that it runs in.
	Pod string
	UID types.UID
	// Port is where the pod serves the fleet page, on its loopback address. Secure reports whether
	// that takes TLS and a token, because others reach it too.
	Port   int
	Secure bool
}

// samePod reports whether two leaders serve their pages at the same place.
func (l Leader) samePod(other Leader) bool {
	return l.UID == other.UID && l.Port == other.Port && l.Secure == other.Secure
}

// Leader finds the replica that leads. An error says what to do about it.
func (h Hub) Leader(ctx context.Context) (Leader, error) {
	lease, err := h.lease(ctx)
	if err != nil {
		return Leader{}, err
	}
	return h.at(ctx, lease)
}

// lease reads the Lease, which has a holder.
func (h Hub) lease(ctx context.Context) (*coordinationv1.Lease, error) {
	lease := &coordinationv1.Lease{}
	err := h.Client.Get(ctx, client.ObjectKey{Namespace: h.Namespace, Name: h.Lease}, lease)
	switch {
	case apierrors.IsNotFound(err):
		return nil, fmt.Errorf("there is no leader: namespace %s has no Lease %s. Is the hub in another namespace (--namespace) or another cluster (--context)? "+
			"Without leader election it has none: then forward a port with kubectl", h.Namespace, h.Lease)
	case err != nil:
		return nil, fmt.Errorf("reading the Lease %s/%s, which names the leader: %w", h.Namespace, h.Lease, err)
	case holder(lease) == "":
		return nil, fmt.Errorf("there is no leader now: nobody holds the Lease %s/%s. Do the hub's pods run? kubectl -n %s get pods", h.Namespace, h.Lease, h.Namespace)
	}
	return lease, nil
}

// at finds the pod of a Lease's holder.
func (h Hub) at(ctx context.Context, lease *coordinationv1.Lease) (Leader, error) {
	leader := Leader{Identity: holder(lease)}
	// The rest is random: see the identity in hub/election.go.
	leader.Pod, _, _ = strings.Cut(leader.Identity, "_")
	pod := &corev1.Pod{}
	err := h.Client.Get(ctx, client.ObjectKey{Namespace: h.Namespace, Name: leader.Pod}, pod)
	switch {
	case apierrors.IsNotFound(err):
		return Leader{}, fmt.Errorf("the leader is %s%s, and namespace %s has no pod of that name. If the pod has just gone, another takes over within seconds: try again. "+
			"A hub that runs outside of the cluster serves the page on its own machine", leader.Pod, renewed(lease), h.Namespace)
	case err != nil:
		return Leader{}, fmt.Errorf("reading the leader's pod %s/%s: %w", h.Namespace, leader.Pod, err)
	case pod.Status.Phase != corev1.PodRunning:
		return Leader{}, fmt.Errorf("the leader's pod %s/%s%s does not run: it is %s. Another takes over within seconds, if there is one: try again",
			h.Namespace, leader.Pod, renewed(lease), pod.Status.Phase)
	}
	leader.UID = pod.UID
	if leader.Port, leader.Secure, err = portOf(pod); err != nil {
		return Leader{}, fmt.Errorf("pod %s/%s: %w", h.Namespace, leader.Pod, err)
	}
	if leader.Secure && h.Token == "" {
		return Leader{}, fmt.Errorf("pod %s/%s: others than you reach its fleet page, so it takes a token: --token-file names a file with one", h.Namespace, leader.Pod)
	}
	return leader, nil
}

func holder(lease *coordinationv1.Lease) string {
	if lease.Spec.HolderIdentity == nil {
		return ""
	}
	return *lease.Spec.HolderIdentity
}

// renewed says when a Lease was renewed last.
func renewed(lease *coordinationv1.Lease) string {
	if lease.Spec.RenewTime == nil {
		return ""
	}
	return fmt.Sprintf(" (its Lease was last renewed at %s)", lease.Spec.RenewTime.UTC().Format(time.RFC3339))
}
