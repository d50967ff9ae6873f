package kubeconfigs

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// insiders is the group that may do in hub and bare what a hub may in a member.
const insiders = "insiders"

var (
	// hub is the hub's cluster and, with other credentials, also good members.
	hub *clusters.Cluster
	// bare is a member without the CRDs.
	bare *clusters.Cluster
)

// The order of tests is random: what they all wait by is set before the first.
func init() {
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
}

func TestMembers(t *testing.T) {
	if testing.Short() {
		t.Skip("needs control planes")
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "Members")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	var err error
	hub, err = clusters.Start(context.WithoutCancel(ctx))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(hub.Stop()).To(Succeed()) })
	bare, err = clusters.Start(context.WithoutCancel(ctx), clusters.WithoutCRDs())
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(bare.Stop()).To(Succeed()) })
	for _, c := range []*clusters.Cluster{hub, bare} {
		allow(ctx, c)
	}
})

// rules are what a hub may do in a member.
var rules = []rbacv1.PolicyRule{
	{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: []string{commitStatuses, gitRepos}, Verbs: []string{"get", "list", "watch"}},
}

func allow(ctx context.Context, c *clusters.Cluster) {
	GinkgoHelper()
	name := metav1.ObjectMeta{Name: insiders}
	Expect(c.Client.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: name, Rules: rules})).To(Succeed())
	Expect(c.Client.Create(ctx, &rbacv1.ClusterRoleBinding{
		ObjectMeta: name,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: insiders},
		Subjects: []rbacv1.Subject{
			{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: insiders},
			{APIGroup: rbacv1.GroupName, Kind: rbacv1.GroupKind, Name: "system:serviceaccounts:robots"},
		},
	})).To(Succeed())
}

// insider is a kubeconfig of a new user that may do what a hub may.
func insider(c *clusters.Cluster, name string) []byte {
	GinkgoHelper()
	user, err := c.AddUser(name, insiders)
	Expect(err).NotTo(HaveOccurred())
	return c.KubeconfigFor(user)
}

// outsider is a kubeconfig of a new user that may do nothing.
func outsider(c *clusters.Cluster, name string) []byte {
	GinkgoHelper()
	user, err := c.AddUser(name)
	Expect(err).NotTo(HaveOccurred())
	return c.KubeconfigFor(user)
}

// hanging is a kubeconfig of an API server that never answers, and a channel
// that tells of each request.
func hanging() ([]byte, <-chan struct{}) {
	asked := make(chan struct{}, 100)
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		asked <- struct{}{}
		hang(w, request)
	}))
	DeferCleanup(server.Close)
	config := good()
	config.Clusters["c"].Server = server.URL
	config.Clusters["c"].CertificateAuthorityData = accessTo(server).CAData
	return written(GinkgoTB(), config), asked
}

// engaged is one call of Engage.
type engaged struct {
	name    string
	cluster cluster.Cluster
	ctx     context.Context
	at      time.Time
	// overlaps tells whether the engagement before, by that name, was still on.
	overlaps bool
}

// replica is one running manager with a provider, in a namespace of its own.
// As a multicluster.Aware it notes what is engaged.
type replica struct {
	namespace string
	provider  *Provider
	manager   mcmanager.Manager
	stop      func()

	mu   sync.Mutex
	seen []engaged
}

// Engage implements multicluster.Aware.
func (r *replica) Engage(ctx context.Context, name multicluster.ClusterName, c cluster.Cluster) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	overlaps := slices.ContainsFunc(r.seen, func(e engaged) bool { return e.name == name.String() && e.ctx.Err() == nil })
	r.seen = append(r.seen, engaged{name: name.String(), cluster: c, ctx: ctx, at: time.Now(), overlaps: overlaps})
	return nil
}

// Start implements manager.Runnable.
func (r *replica) Start(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// NeedLeaderElection is false, like the hub's watches.
func (r *replica) NeedLeaderElection() bool { return false }

// engagements returns what was engaged under a name, in order.
func (r *replica) engagements(name string) func() []engaged {
	return func() []engaged {
		r.mu.Lock()
		defer r.mu.Unlock()
		return slices.DeleteFunc(slices.Clone(r.seen), func(e engaged) bool { return e.name != name })
	}
}

func (r *replica) health(name string) func() Health {
	return func() Health { return r.provider.Health()[name] }
}

// events returns the reasons of the events on a Secret.
func (r *replica) events(ctx context.Context, name string) func() []string {
	return func() []string {
		var list eventsv1.EventList
		Expect(hub.Client.List(ctx, &list, client.InNamespace(r.namespace))).To(Succeed())
		var reasons []string
		for _, event := range list.Items {
			if event.Regarding.Name == name && event.Regarding.Kind == "Secret" {
				reasons = append(reasons, event.Reason)
			}
		}
		return reasons
	}
}

// newReplica prepares a replica; begin starts it.
func newReplica(ctx context.Context, change ...func(*manager.Options, *Options)) *replica {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "hub-"}}
	Expect(hub.Client.Create(ctx, namespace)).To(Succeed())
	r := &replica{namespace: namespace.Name}
	options := manager.Options{
		Scheme:  clusters.Scheme(),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{r.namespace: {}}},
	}
	own := Options{Namespace: r.namespace, Log: ctrl.Log.WithName("kubeconfigs")}
	for _, apply := range change {
		apply(&options, &own)
	}
	r.provider = New(own)
	var err error
	r.manager, err = mcmanager.New(hub.Config, r.provider, options)
	Expect(err).NotTo(HaveOccurred())
	Expect(r.manager.Add(r)).To(Succeed())
	Expect(r.provider.SetupWithManager(r.manager)).To(Succeed())
	return r
}

func (r *replica) begin() *replica {
	GinkgoHelper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.manager.Start(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		Eventually(ended).WithTimeout(10 * time.Second).Should(Receive(BeNil()))
	})
	DeferCleanup(r.stop)
	return r
}

func runReplica(ctx context.Context, change ...func(*manager.Options, *Options)) *replica {
	GinkgoHelper()
	return newReplica(ctx, change...).begin()
}

// secret is a member's Secret.
func (r *replica) secret(name string, kubeconfig []byte) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: name, Labels: map[string]string{MemberLabel: "true"}},
		Data:       map[string][]byte{KubeconfigKey: kubeconfig},
	}
}

func (r *replica) add(ctx context.Context, name string, kubeconfig []byte) *corev1.Secret {
	GinkgoHelper()
	secret := r.secret(name, kubeconfig)
	Expect(hub.Client.Create(ctx, secret)).To(Succeed())
	return secret
}

// change patches a Secret, which the hub may annotate meanwhile.
func change(ctx context.Context, secret *corev1.Secret, mutate func(*corev1.Secret)) {
	GinkgoHelper()
	before := secret.DeepCopy()
	mutate(secret)
	Expect(hub.Client.Patch(ctx, secret, client.MergeFrom(before))).To(Succeed())
}

// put gives a Secret another kubeconfig.
func put(kubeconfig []byte) func(*corev1.Secret) {
	return func(s *corev1.Secret) { s.Data[KubeconfigKey] = kubeconfig }
}

// unreachable is a kubeconfig like another, of a server that is not there.
func unreachable(kubeconfig []byte) []byte {
	GinkgoHelper()
	access, err := Vet(kubeconfig)
	Expect(err).NotTo(HaveOccurred())
	server := httptest.NewTLSServer(nil)
	server.Close()
	config := good()
	config.Clusters["c"].Server = server.URL
	config.Clusters["c"].CertificateAuthorityData = access.CAData
	return written(GinkgoTB(), config)
}

func haveState(state State, reason string) OmegaMatcher {
	return And(HaveField("State", state), HaveField("Reason", reason))
}

// nameAt asks a member who the hub is there.
func nameAt(ctx context.Context, config *rest.Config) (string, error) {
	member, err := kubernetes.NewForConfig(config)
	if err != nil {
		return "", err
	}
	review, err := member.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", err
	}
	return review.Status.UserInfo.Username, nil
}
