package kubeconfigs

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// watchful is a replica that checks its members all the time, and takes a watch for one that
// is behind after a moment.
func watchful(ctx context.Context, change ...func(*manager.Options, *Options)) *replica {
	r := newReplica(ctx, change...)
	r.provider.recheckEvery, r.provider.lagLimit = 300*time.Millisecond, 3*time.Second
	return r
}

// repoIn makes a GitRepo.
func repoIn(ctx context.Context, c *clusters.Cluster, namespace, name string) *v1alpha1.GitRepo {
	GinkgoHelper()
	r := &v1alpha1.GitRepo{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: v1alpha1.GitRepoSpec{
		ScmProviderRef: v1alpha1.ObjectReference{Name: "scm"}, Repository: "acme/shop",
	}}
	Expect(c.Client.Create(ctx, r)).To(Succeed())
	return r
}

func namespaceIn(ctx context.Context, c *clusters.Cluster) string {
	GinkgoHelper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}
	Expect(c.Client.Create(ctx, namespace)).To(Succeed())
	return namespace.Name
}

// cached are the GitRepos of a namespace that the hub has of a member, with their repositories.
func (r *replica) cached(ctx context.Context, name multicluster.ClusterName, namespace string) func() map[string]string {
	return func() map[string]string {
		found := map[string]string{}
		member, err := r.provider.Get(ctx, name)
		if err != nil {
			return found
		}
		if i, err := member.GetCache().GetInformer(ctx, &v1alpha1.GitRepo{}); err != nil || !i.HasSynced() {
			return found
		}
		for _, object := range contents(ctx, member, &v1alpha1.GitRepo{}) {
			if repo := object.(*v1alpha1.GitRepo); repo.Namespace == namespace {
				found[repo.Name] = repo.Spec.Repository
			}
		}
		return found
	}
}

var _ = Describe("A member whose etcd was restored from a backup", func() {
	It("is listed anew although its watches stay open, and served from then on", func(ctx SpecContext) {
		member, err := clusters.Start(context.WithoutCancel(ctx))
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(member.Stop()).To(Succeed()) })
		namespace := namespaceIn(ctx, member)
		kept := repoIn(ctx, member, namespace, "kept")
		backup := filepath.Join(GinkgoT().TempDir(), "backup")
		Expect(member.Backup(ctx, backup)).To(Succeed())

		By("getting far ahead of the backup")
		for i := range 300 {
			before := kept.DeepCopy()
			kept.Spec.Repository = fmt.Sprint("acme/shop-", i)
			Expect(member.Client.Patch(ctx, kept, client.MergeFrom(before))).To(Succeed())
		}
		r := watchful(ctx)
		r.provider.lagLimit = time.Hour // so that only the versions tell
		front := r.fronted(ctx, member, "", nil)
		r.begin()
		Eventually(r.cached(ctx, "member", namespace)).Should(Equal(map[string]string{"kept": "acme/shop-299"}))
		repoIn(ctx, member, namespace, "gone")
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("gone"), "the watch is open")

		front.Misbehave(faults.LostUpstream())
		Expect(member.Restore(ctx, backup)).To(Succeed())
		repoIn(ctx, member, namespace, "new")
		Eventually(r.cached(ctx, "member", namespace)).WithTimeout(time.Minute).Should(Equal(map[string]string{"kept": "acme/shop", "new": "acme/shop"}))
		Expect(front.Met()).To(BeNumerically(">", 0), "watches that were held open")
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
		repoIn(ctx, member, namespace, "newer")
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("newer"))
		Expect(r.engagements("member")()).To(HaveLen(1), "the engagement is the same")
	})
})

// fronted is a member with a front before a cluster's API server, and the handler behind that.
func (r *replica) fronted(ctx context.Context, c *clusters.Cluster, namespaces string, fault func(http.Handler) faults.Fault) *faults.Front {
	GinkgoHelper()
	target, _, err := rest.DefaultServerUrlFor(c.Config)
	Expect(err).NotTo(HaveOccurred())
	transport, err := rest.TransportFor(c.Config)
	Expect(err).NotTo(HaveOccurred())
	proxy := &httputil.ReverseProxy{Transport: transport, FlushInterval: -1, Rewrite: func(p *httputil.ProxyRequest) {
		p.SetURL(&url.URL{Scheme: target.Scheme, Host: target.Host})
		p.Out.Header.Del("Authorization")
	}}
	front := faults.NewFront(proxy)
	DeferCleanup(front.Close)
	if fault != nil {
		front.Misbehave(fault(proxy))
	}
	config := good()
	config.Clusters["c"].Server = front.Server.URL
	config.Clusters["c"].CertificateAuthorityData = accessTo(front.Server).CAData
	secret := r.secret("member", written(GinkgoTB(), config))
	secret.Annotations = map[string]string{NamespacesAnnotation: namespaces}
	Expect(hub.Client.Create(ctx, secret)).To(Succeed())
	return front
}

var _ = Describe("A member behind a gateway", func() {
	It("that keeps watches open without what is behind it is watched anew", func(ctx SpecContext) {
		namespace := namespaceIn(ctx, hub)
		r := watchful(ctx)
		front := r.fronted(ctx, hub, "", nil)
		r.begin()
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))

		front.Misbehave(faults.LostUpstream())
		repoIn(ctx, hub, namespace, "new")
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("new"))
		Eventually(r.events(ctx, "member")).Should(ContainElement(ReasonWatchBehind))
		front.Behave()
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
	})

	It("whose watches never bring anything is listed", func(ctx SpecContext) {
		namespace := namespaceIn(ctx, hub)
		r := watchful(ctx)
		front := r.fronted(ctx, hub, "", nil)
		r.begin()
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))

		front.Misbehave(faults.MuteWatches())
		repoIn(ctx, hub, namespace, "new")
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("new"))
		Eventually(front.Met).Should(BeNumerically(">", 0))
	})

	It("is listed as a whole although no list can be continued", func(ctx SpecContext) {
		namespace := namespaceIn(ctx, hub)
		for i := range pageSize + 20 {
			repoIn(ctx, hub, namespace, fmt.Sprint("repo-", i))
		}
		r := watchful(ctx)
		front := r.fronted(ctx, hub, namespace, func(http.Handler) faults.Fault { return faults.ExpiredContinue() })
		r.begin()
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveLen(pageSize + 20))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
		Expect(front.Met()).To(BeNumerically(">", 0))
	})

	DescribeTable("whose lists do not end says so, and is served once they do", func(ctx SpecContext, fault func(http.Handler) faults.Fault, message string) {
		namespace := namespaceIn(ctx, hub)
		repoIn(ctx, hub, namespace, "one")
		r := watchful(ctx, func(_ *manager.Options, o *Options) { o.ObjectLimit = 2000 })
		front := r.fronted(ctx, hub, namespace, fault)
		r.begin()
		Eventually(r.health("member")).Should(And(haveState(Unreachable, ReasonListFailed), HaveField("Message", ContainSubstring(message))))
		Eventually(r.events(ctx, "member")).Should(ContainElement(ReasonListFailed))
		front.Behave()
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("one"))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
	},
		Entry("a token that comes again", faults.RepeatedContinue, "came twice"),
		Entry("empty pages", faults.EmptyPages, "without objects"),
	)
})

var _ = Describe("A member of which one namespace is forbidden", func() {
	It("is served in all others, and in that one once it may be listed", func(ctx SpecContext) {
		first, second := namespaceIn(ctx, hub), namespaceIn(ctx, hub)
		user := "limited-to-" + first
		permit := func(namespace string, resources ...string) *rbacv1.Role {
			GinkgoHelper()
			in := metav1.ObjectMeta{Namespace: namespace, Name: user}
			role := &rbacv1.Role{ObjectMeta: in, Rules: []rbacv1.PolicyRule{
				{APIGroups: []string{v1alpha1.GroupVersion.Group}, Resources: resources, Verbs: []string{"get", "list", "watch"}},
			}}
			Expect(hub.Client.Create(ctx, role)).To(Succeed())
			Expect(client.IgnoreAlreadyExists(hub.Client.Create(ctx, &rbacv1.RoleBinding{
				ObjectMeta: in,
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: user},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: user}},
			}))).To(Succeed())
			return role
		}
		whole := permit(first, commitStatuses, gitRepos)
		half := permit(second, commitStatuses)
		repoIn(ctx, hub, first, "a")
		repoIn(ctx, hub, second, "b")
		partly := And(haveState(Connected, ReasonNamespacesForbidden),
			HaveField("Message", And(ContainSubstring(second), Not(ContainSubstring(first)))))

		r := watchful(ctx)
		secret := r.secret("member", outsider(hub, user))
		secret.Annotations = map[string]string{NamespacesAnnotation: first + "," + second}
		Expect(hub.Client.Create(ctx, secret)).To(Succeed())
		r.begin()
		Eventually(r.health("member")).Should(partly)
		Eventually(r.cached(ctx, "member", first)).Should(HaveKey("a"))
		Consistently(r.cached(ctx, "member", second)).WithTimeout(time.Second).Should(BeEmpty())
		Eventually(r.events(ctx, "member")).Should(ConsistOf(ReasonNamespacesForbidden))

		By("permitting it")
		Expect(hub.Client.Delete(ctx, half)).To(Succeed())
		half = permit(second, commitStatuses, gitRepos)
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
		Eventually(r.cached(ctx, "member", second)).Should(HaveKey("b"))
		Expect(r.engagements("member")()).To(HaveLen(1))

		By("forbidding it again, which keeps what is known of it")
		Expect(hub.Client.Delete(ctx, half)).To(Succeed())
		Eventually(r.health("member")).Should(partly)
		Expect(r.cached(ctx, "member", second)()).To(HaveKey("b"))
		repoIn(ctx, hub, first, "c")
		Eventually(r.cached(ctx, "member", first)).Should(HaveKey("c"))

		By("forbidding all")
		Expect(hub.Client.Delete(ctx, whole)).To(Succeed())
		Eventually(r.health("member")).Should(haveState(Denied, ReasonForbidden))
		permit(first, commitStatuses, gitRepos)
		Eventually(r.health("member")).Should(partly)
	})
})
