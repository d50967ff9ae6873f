package kubeconfigs

import (
	"crypto/sha256"
	"reflect"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"
)

const (
	// MemberLabel is "true" on the Secrets that hold a member's kubeconfig. It
	// is the label of multicluster-runtime's own kubeconfig provider.
	MemberLabel = "sigs.k8s.io/multicluster-runtime-kubeconfig"
	// KubeconfigKey is the key that holds the kubeconfig.
	KubeconfigKey = "kubeconfig"
	// NamespacesAnnotation limits what is watched in a member to the named
	// namespaces, separated by commas. Without it, or empty, all are watched.
	NamespacesAnnotation = "commit-status.argoproj.io/namespaces"
	// LocalCluster is the name under which the hub's own cluster is engaged. No
	// Secret can have it.
	LocalCluster = "local"
)

// desired is what a Secret asks for: access to a member, or what is wrong with it.
type desired struct {
	access *rest.Config
	// refused is why the hub does not use the Secret, and same the Secret of the same
	// cluster because of which, "" where it is for something else.
	refused     error
	duplicateOf multicluster.ClusterName
	// account is the ServiceAccount of the token, "" where that is not known.
	account    types.UID
	namespaces []string // sorted; none means all
	// secret is where events go; nil for the hub's own cluster.
	secret *corev1.ObjectReference
	// life is when the credential is good; zero for the hub's own cluster.
	life lifetime
	// createdAt is the Secret's creationTimestamp; zero for the hub's own cluster.
	createdAt time.Time
	// fingerprint distinguishes configurations.
	fingerprint [sha256.Size]byte
}

// desiredOf reads a Secret, which it does not change.
func desiredOf(secret *corev1.Secret) desired {
	kubeconfig := secret.Data[KubeconfigKey]
	w := desired{namespaces: namespacesOf(secret), secret: referenceTo(secret), createdAt: secret.CreationTimestamp.Time}
	w.fingerprint = sha256.Sum256(append([]byte(strings.Join(w.namespaces, ",")+"\n"), kubeconfig...))
	access, err := Vet(kubeconfig)
	if err != nil {
		w.refused = err
		return w
	}
	w.access, w.life = access, lifetimeOf(access)
	w.account = accountOf(w)
	return w
}

// differsInToken reports whether a connection for w also serves other with other's token. Where
// either has no token, the kind of credential has changed, and it does not.
func (w desired) differsInToken(other desired) bool {
	if w.access == nil || other.access == nil || w.access.BearerToken == "" || other.access.BearerToken == "" {
		return false
	}
	mine, others := rest.CopyConfig(w.access), rest.CopyConfig(other.access)
	mine.BearerToken, others.BearerToken = "", ""
	return reflect.DeepEqual(mine, others) && slices.Equal(w.namespaces, other.namespaces)
}

func namespacesOf(secret *corev1.Secret) []string {
	var namespaces []string
	for name := range strings.SplitSeq(secret.Annotations[NamespacesAnnotation], ",") {
		if name = strings.TrimSpace(name); name != "" {
			namespaces = append(namespaces, name)
		}
	}
	slices.Sort(namespaces)
	return slices.Compact(namespaces)
}

// referenceTo is the Secret without its content.
func referenceTo(secret *corev1.Secret) *corev1.ObjectReference {
	return &corev1.ObjectReference{
		APIVersion: "v1", Kind: "Secret", Namespace: secret.Namespace, Name: secret.Name, UID: secret.UID,
	}
}

func nameOf(secret *corev1.Secret) multicluster.ClusterName {
	return multicluster.ClusterName(secret.Name)
}
