package onboard

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// engage runs the provider of a hub in the plan's namespace until the spec ends.
func engage(ctx context.Context, p Plan) *kubeconfigs.Provider {
	GinkgoHelper()
	provider := kubeconfigs.New(kubeconfigs.Options{Namespace: p.Namespace})
	running, err := mcmanager.New(hub.Config, provider, manager.Options{
		Scheme:  clusters.Scheme(),
		Metrics: metricsserver.Options{BindAddress: "0"},
		Cache:   cache.Options{DefaultNamespaces: map[string]cache.Config{p.Namespace: {}}},
	})
	Expect(err).NotTo(HaveOccurred())
	Expect(provider.SetupWithManager(running)).To(Succeed())
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- running.Start(ctx) }()
	DeferCleanup(func() {
		cancel()
		Eventually(ended).Should(Receive(BeNil()))
	})
	return provider
}

func expectConnected(provider *kubeconfigs.Provider, name string) {
	GinkgoHelper()
	Eventually(func() kubeconfigs.Health { return provider.Health()[name] }).
		Should(HaveField("State", kubeconfigs.Connected))
}

var _ = Describe("Add", func() {
	It("makes a member that the hub engages, with the least rights", func(ctx SpecContext) {
		p := newPlan(ctx)
		added := add(ctx, prod, p)
		expectConnected(engage(ctx, p), p.Name)
		Expect(granted(ctx, prod, p.Namespace)).To(Equal(map[string][]rbacv1.PolicyRule{
			"": Rights(), p.Namespace: tokenRights(),
		}))
		Expect(added.Expiry).To(BeTemporally("~", time.Now().Add(time.Hour), time.Minute))
		Expect(reported(added)).To(And(ContainSubstring("all namespaces"), Not(ContainSubstring(tokenOf(ctx, p)))))
	})

	It("changes nothing but the token when done again", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		before, first := versions(ctx, prod, p), tokenOf(ctx, p)
		p.TokenDuration = 2 * time.Hour // or the token may be the same within a second
		Expect(add(ctx, prod, p).Pruned).To(BeEmpty())
		Expect(versions(ctx, prod, p)).To(Equal(before))
		Expect(before).To(HaveLen(6))
		Expect(tokenOf(ctx, p)).NotTo(Equal(first))
		Expect(secretOf(ctx, p).Annotations).To(BeEmpty())
	})

	It("lets the hub into the named namespaces alone", func(ctx SpecContext) {
		p := newPlan(ctx)
		a, b := team(ctx, "team-a"), team(ctx, "team-b")
		p.Namespaces = []string{b, a, b}
		add(ctx, prod, p)
		expectConnected(engage(ctx, p), p.Name)
		Expect(secretOf(ctx, p).Annotations).To(HaveKeyWithValue(kubeconfigs.NamespacesAnnotation, a+","+b))
		Expect(granted(ctx, prod, p.Namespace)).To(Equal(map[string][]rbacv1.PolicyRule{
			a: Rights(), b: Rights(), p.Namespace: tokenRights(),
		}))
	})

	It("widens and narrows a member's rights only when told to", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		a, b := team(ctx, "team-a"), team(ctx, "team-b")
		p.Namespaces = []string{a, b}
		Expect(add(ctx, prod, p).Pruned).To(ConsistOf("ClusterRoleBinding "+role(p.Namespace), "ClusterRole "+role(p.Namespace)))
		p.Namespaces = []string{a}
		Expect(add(ctx, prod, p).Pruned).To(ConsistOf("RoleBinding "+b+"/"+role(p.Namespace), "Role "+b+"/"+role(p.Namespace)))
		Expect(granted(ctx, prod, p.Namespace)).To(HaveLen(2))

		p.Namespaces = nil
		_, err := Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring("--namespaces " + a)))
		p.AllNamespaces = true
		add(ctx, prod, p)
		Expect(granted(ctx, prod, p.Namespace)).To(HaveKey(""))
		Expect(kubeconfigs.Namespaces(secretOf(ctx, p))).To(BeEmpty())
	})

	It("installs the CRDs on demand, and says where they lack", func(ctx SpecContext) {
		DeferCleanup(uninstallCRDs)
		p := newPlan(ctx)
		p.Endpoint = bareAt
		Expect(reported(add(ctx, bare, p))).To(ContainSubstring("--crds"))
		provider := engage(ctx, p)
		Eventually(func() kubeconfigs.Health { return provider.Health()[p.Name] }).Should(HaveField("State", kubeconfigs.Incomplete))

		p.CRDs = true
		Expect(add(ctx, bare, p).NoCRDs).To(BeFalse())
		expectConnected(provider, p.Name)
	})

	It("takes over what was made by hand from deploy/member", func(ctx SpecContext) {
		p := newPlan(ctx)
		Expect(prod.Create(ctx, p.namespaceObject())).To(Succeed())
		for _, object := range append(p.rbac(), p.account()) {
			object.SetLabels(nil)
			Expect(prod.Create(ctx, object, client.FieldOwner("kubectl-client-side-apply"))).To(Succeed())
		}
		add(ctx, prod, p)
		Expect(versions(ctx, prod, p)).To(HaveLen(6))
	})

	It("takes over a token that somebody else wrote, and keeps what it does not know", func(ctx SpecContext) {
		p := newPlan(ctx)
		Expect(hub.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: p.Namespace, Name: p.Name,
				Labels: map[string]string{kubeconfigs.MemberLabel: "true"}, Annotations: map[string]string{kubeconfigs.HealthKey: "{}"},
			},
			Data: map[string][]byte{kubeconfigs.KubeconfigKey: []byte("something")},
		})).To(Succeed())
		add(ctx, prod, p)
		Expect(tokenOf(ctx, p)).NotTo(BeEmpty())
		Expect(secretOf(ctx, p).Annotations).To(HaveKey(kubeconfigs.HealthKey))
	})

	It("tells when the hub reached the member elsewhere before", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		p.Endpoint.Server = "https://elsewhere.example.com:6443"
		Expect(reported(add(ctx, prod, p))).To(ContainSubstring(prodAt.Server + " before"))
	})
})
