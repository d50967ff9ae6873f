package kubeconfigs

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

func TestDuplicates_RefuseTheYoungerSecretWhereNamespacesOverlap(t *testing.T) {
	at := func(sec int64, namespaces ...string) desired {
		return desired{createdAt: time.Unix(sec, 0), namespaces: namespaces}
	}
	type refused = map[multicluster.ClusterName]multicluster.ClusterName
	for name, each := range map[string]struct {
		group desiredMembers
		want  refused
	}{
		"one":                           {desiredMembers{"a": at(1)}, refused{}},
		"the younger":                   {desiredMembers{"a": at(2), "b": at(1)}, refused{"a": "b"}},
		"made in one second: by name":   {desiredMembers{"b": at(1), "a": at(1)}, refused{"b": "a"}},
		"the hub's own is the oldest":   {desiredMembers{"a": at(1), LocalCluster: {}}, refused{"a": LocalCluster}},
		"three":                         {desiredMembers{"a": at(3), "b": at(1), "c": at(2)}, refused{"a": "b", "c": "b"}},
		"disjoint namespaces":           {desiredMembers{"a": at(1, "x", "y"), "b": at(2, "z")}, refused{}},
		"one namespace in common":       {desiredMembers{"a": at(1, "x", "y"), "b": at(2, "y", "z")}, refused{"b": "a"}},
		"no annotation: all namespaces": {desiredMembers{"a": at(1, "x"), "b": at(2)}, refused{"b": "a"}},
		"all namespaces, and older":     {desiredMembers{"a": at(1), "b": at(2, "x"), "c": at(3, "y")}, refused{"b": "a", "c": "a"}},
		"a refused one is in nobody's way": {
			desiredMembers{"a": at(1, "x"), "b": at(2, "x", "y"), "c": at(3, "y")}, refused{"b": "a"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(duplicates(each.group)).To(Equal(each.want))
		})
	}
}

func TestSharedObjects_AreToldWithoutBlame(t *testing.T) {
	g := NewWithT(t)
	for _, s := range []sharedObjects{{older: "a"}, {younger: "b"}, {older: "a", younger: "b"}} {
		health := watching(shortcomings{shared: s})
		g.Expect(health).To(haveState(Connected, ReasonSharedObjects))
		g.Expect(health.Message).To(ContainSubstring("UIDs"))
		g.Expect(len([]rune(health.Message))).To(BeNumerically("<", messageLimit), "it is not cut")
	}
	g.Expect(listed([]string{"e", "b", "a", "d", "c"})).To(Equal("a, b, c and 2 more"))
}

// robots makes a ServiceAccount that may do in a member what a hub may, and returns a way to
// get kubeconfigs with tokens of it, each another.
func robots(ctx context.Context, c *clusters.Cluster) (kubeconfig func() []byte) {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "robots"}}
	Expect(client.IgnoreAlreadyExists(c.Client.Create(ctx, namespace))).To(Succeed())
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "robots", GenerateName: "hub-"}}
	Expect(c.Client.Create(ctx, account)).To(Succeed())
	set, err := kubernetes.NewForConfig(c.Config)
	Expect(err).NotTo(HaveOccurred())
	return func() []byte {
		GinkgoHelper()
		request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3600))}}
		made, err := set.CoreV1().ServiceAccounts(account.Namespace).CreateToken(ctx, account.Name, request, metav1.CreateOptions{})
		Expect(err).NotTo(HaveOccurred())
		config := good()
		config.Clusters["c"].Server = c.Config.Host
		config.Clusters["c"].CertificateAuthorityData = c.Config.CAData
		config.AuthInfos["u"].Token = made.Status.Token
		return written(GinkgoTB(), config)
	}
}

var _ = Describe("Secrets of one ServiceAccount", func() {
	connected := haveState(Connected, ReasonConnected)
	refused := haveState(Refused, SameCluster)

	It("are one cluster: the oldest is engaged, and exactly one of the others when that goes", func(ctx SpecContext) {
		token := robots(ctx, hub)
		r := newReplica(ctx)
		// All in one second, or nearly so: then the name decides.
		first := r.add(ctx, "a", token())
		r.add(ctx, "b", token())
		r.add(ctx, "c", token())
		r.begin()
		Eventually(r.health("a")).Should(And(connected, HaveField("Duplicates", "b, c")))
		for _, name := range []string{"b", "c"} {
			Eventually(r.health(name)).Should(And(refused, HaveField("Duplicates", "a"), HaveField("Message", ContainSubstring(`"a"`))))
			Eventually(r.events(ctx, name)).Should(Equal([]string{SameCluster}))
		}
		names, _ := r.provider.Names()
		Expect(names).To(Equal([]string{"a"}), "nobody waits for the others")

		Expect(hub.Client.Delete(ctx, first)).To(Succeed())
		Eventually(r.health("b")).Should(And(connected, HaveField("Duplicates", "c")))
		Eventually(r.health("c")).Should(And(refused, HaveField("Duplicates", "b")))
		Consistently(r.engagements("c")).WithTimeout(time.Second).Should(BeEmpty())
	})

	It("end to be one cluster when a token becomes another's, and renewal changes nothing", func(ctx SpecContext) {
		token, others := robots(ctx, hub), robots(ctx, hub)
		r := runReplica(ctx)
		older := r.add(ctx, "a", token())
		Eventually(r.health("a")).Should(connected)
		younger := r.add(ctx, "b", token())
		Eventually(r.health("b")).Should(refused)

		By("renewing both")
		change(ctx, older, put(token()))
		change(ctx, younger, put(token()))
		Consistently(r.health("b")).WithTimeout(time.Second).Should(refused)
		Expect(r.engagements("a")()).To(HaveLen(1))
		Eventually(r.events(ctx, "b")).Should(Equal([]string{SameCluster}))

		By("having the younger one come by another account")
		change(ctx, younger, put(others()))
		Eventually(r.health("b")).Should(And(connected, HaveField("Duplicates", "")))
		Eventually(r.health("a")).Should(And(connected, HaveField("Duplicates", "")))

		By("having it come by the same again, which ends its engagement")
		change(ctx, younger, put(token()))
		Eventually(r.health("b")).Should(refused)
		Expect(r.engagements("b")()[0].ctx.Err()).To(HaveOccurred())
		Expect(r.engagements("a")()[0].ctx.Err()).NotTo(HaveOccurred())
	})

	It("are members like any other while their namespaces are disjoint", func(ctx SpecContext) {
		token := robots(ctx, hub)
		r := newReplica(ctx)
		limited := func(name, namespaces string) *corev1.Secret {
			secret := r.secret(name, token())
			secret.Annotations = map[string]string{NamespacesAnnotation: namespaces}
			Expect(hub.Client.Create(ctx, secret)).To(Succeed())
			return secret
		}
		limited("a", "team-a,team-b")
		second := limited("b", "team-c")
		r.begin()
		Eventually(r.health("a")).Should(connected)
		Eventually(r.health("b")).Should(connected)

		change(ctx, second, func(s *corev1.Secret) { s.Annotations[NamespacesAnnotation] = "team-b,team-c" })
		Eventually(r.health("b")).Should(refused)
		change(ctx, second, func(s *corev1.Secret) { s.Annotations[NamespacesAnnotation] = "team-c,team-d" })
		Eventually(r.health("b")).Should(connected)
	})
})

var _ = Describe("A member that shows another's objects", func() {
	It("is watched on, and told of in an event and its health until that ends", func(ctx SpecContext) {
		r := runReplica(ctx)
		r.add(ctx, "a", insider(hub, "insider-a"))
		Eventually(r.health("a")).Should(haveState(Connected, ReasonConnected))
		r.provider.SetShared("a", []string{"b"}, nil)
		r.provider.SetShared("a", []string{"b"}, nil)
		Expect(r.health("a")()).To(And(haveState(Connected, ReasonSharedObjects), HaveField("Duplicates", "b")))
		Eventually(r.events(ctx, "a")).Should(ConsistOf(ReasonConnected, ReasonSharedObjects))

		By("saying it although something worse is wrong, too")
		r.provider.SetShared("a", nil, nil)
		r.provider.SetOutdated("a", "status.shortSha")
		r.provider.SetShared("a", nil, []string{"c"})
		Expect(r.health("a")()).To(And(haveState(Connected, ReasonCRDOutdated), HaveField("Duplicates", "c")))
		r.provider.SetShared("a", nil, nil)
		Expect(r.health("a")()).To(HaveField("Duplicates", ""))
	})
})

// BenchmarkDuplicates looks for Secrets of one cluster among many, none of which is. It is done
// for each change of a Secret, under a lock: the time for each of them must not grow with their
// number.
func BenchmarkDuplicates(b *testing.B) {
	for _, secrets := range []int{500, 5000} {
		group := desiredMembers{}
		for i := range secrets {
			name := multicluster.ClusterName(fmt.Sprintf("member-%04d", i))
			group[name] = desired{createdAt: time.Unix(int64(i), 0), namespaces: []string{name.String()}}
		}
		b.Run(fmt.Sprintf("%d_Secrets", secrets), func(b *testing.B) {
			for b.Loop() {
				if len(duplicates(group)) > 0 {
					b.Fatal("none is a duplicate")
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*secrets), "ns/Secret")
		})
	}
}
