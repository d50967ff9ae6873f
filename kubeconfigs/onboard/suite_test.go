package onboard

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var (
	// hub is the hub's cluster, prod a member with the CRDs, and bare one without.
	hub, prod, bare Cluster
	// prodAt and bareAt are where they are.
	prodAt, bareAt Endpoint

	namespaces atomic.Int64
)

// The order of tests is random: what they all wait by is set before the first.
func init() {
	SetDefaultEventuallyTimeout(30 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
}

func TestOnboarding(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	RegisterFailHandler(Fail)
	RunSpecs(t, "Onboarding")
}

var _ = BeforeSuite(func(ctx SpecContext) {
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	hub, _ = started(ctx)
	prod, prodAt = started(ctx)
	bare, bareAt = started(ctx, clusters.WithoutCRDs())
})

func started(ctx context.Context, options ...clusters.Option) (Cluster, Endpoint) {
	GinkgoHelper()
	cluster, err := clusters.Start(context.WithoutCancel(ctx), options...)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { Expect(cluster.Stop()).To(Succeed()) })
	connected, err := Connect(cluster.Config)
	Expect(err).NotTo(HaveOccurred())
	file, err := clientcmd.Load(cluster.Kubeconfig())
	Expect(err).NotTo(HaveOccurred())
	at, err := endpointOf("test", file.Clusters["default"], "")
	Expect(err).NotTo(HaveOccurred())
	return connected, at
}

// newPlan is a plan for prod, for a hub in a namespace of the spec's own.
func newPlan(ctx context.Context) Plan {
	GinkgoHelper()
	namespace := fmt.Sprintf("hub-%d", namespaces.Add(1))
	Expect(hub.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	return Plan{Name: "prod-eu", Namespace: namespace, TokenDuration: time.Hour, Endpoint: prodAt}
}

// team makes a namespace in prod.
func team(ctx context.Context, name string) string {
	GinkgoHelper()
	name = fmt.Sprintf("%s-%d", name, namespaces.Add(1))
	Expect(prod.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
	return name
}

func add(ctx context.Context, member Cluster, p Plan) Added {
	GinkgoHelper()
	added, err := Add(ctx, hub, member, p)
	Expect(err).NotTo(HaveOccurred())
	return added
}

// secretOf is the member's Secret on the hub.
func secretOf(ctx context.Context, p Plan) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hub.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Name}, secret)).To(Succeed())
	return secret
}

// tokenOf is the token in the member's Secret.
func tokenOf(ctx context.Context, p Plan) string {
	GinkgoHelper()
	access, err := kubeconfigs.Vet(secretOf(ctx, p).Data[kubeconfigs.KubeconfigKey])
	Expect(err).NotTo(HaveOccurred())
	return access.BearerToken
}

// granted are all rules that are bound to the account in a member, by namespace, with
// "" for all. The objects' names don't matter.
func granted(ctx context.Context, member Cluster, namespace string) map[string][]rbacv1.PolicyRule {
	GinkgoHelper()
	rules := map[string][]rbacv1.PolicyRule{}
	ours := func(subjects []rbacv1.Subject) bool {
		for _, s := range subjects {
			if s.Kind == rbacv1.ServiceAccountKind && s.Name == Account && s.Namespace == namespace {
				return true
			}
		}
		return false
	}
	var everywhere rbacv1.ClusterRoleBindingList
	Expect(member.List(ctx, &everywhere)).To(Succeed())
	for _, binding := range everywhere.Items {
		if ours(binding.Subjects) {
			role := &rbacv1.ClusterRole{}
			Expect(member.Get(ctx, client.ObjectKey{Name: binding.RoleRef.Name}, role)).To(Succeed())
			rules[""] = append(rules[""], role.Rules...)
		}
	}
	var somewhere rbacv1.RoleBindingList
	Expect(member.List(ctx, &somewhere)).To(Succeed())
	for _, binding := range somewhere.Items {
		if ours(binding.Subjects) {
			Expect(binding.RoleRef.Kind).To(Equal("Role"))
			role := &rbacv1.Role{}
			Expect(member.Get(ctx, client.ObjectKey{Namespace: binding.Namespace, Name: binding.RoleRef.Name}, role)).To(Succeed())
			rules[binding.Namespace] = append(rules[binding.Namespace], role.Rules...)
		}
	}
	return rules
}

// versions are the resource versions of all that was made on both sides but the
// member's Secret.
func versions(ctx context.Context, member Cluster, p Plan) map[string]string {
	GinkgoHelper()
	seen := map[string]string{}
	objects, err := made(ctx, member, p.Namespace)
	Expect(err).NotTo(HaveOccurred())
	for _, kind := range []string{"ServiceAccount", "Namespace"} {
		key := client.ObjectKey{Namespace: p.Namespace, Name: Account}
		if kind == "Namespace" {
			key = client.ObjectKey{Name: p.Namespace}
		}
		object, err := find(ctx, member, kind, key)
		Expect(err).NotTo(HaveOccurred())
		if object != nil {
			objects = append(objects, object)
		}
	}
	for _, object := range objects {
		seen[nameOf(object)] = object.GetResourceVersion()
	}
	return seen
}

// reported is what Add tells people.
func reported(added Added) string {
	var out bytes.Buffer
	added.Report(&out, hub)
	return out.String()
}
