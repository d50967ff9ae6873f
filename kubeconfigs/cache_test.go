package kubeconfigs

import (
	"errors"
	"runtime"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// cacheOf is a started cache that holds GitRepos.
func cacheOf(t *testing.T, repos ...*v1alpha1.GitRepo) *memberCache {
	t.Helper()
	c := newMemberCache(nil, newCodec(clusters.Scheme()), Options{Scheme: clusters.Scheme()}, nil, nil, nil)
	c.ctx = t.Context()
	i, from := informerOf(1)
	if err := replace(from, "", list(repos...), true); err != nil {
		t.Fatal(err)
	}
	c.informers[v1alpha1.GroupVersion.WithKind("GitRepo")] = i
	return c
}

func TestACacheListsWhatIsAskedFor(t *testing.T) {
	labeled := repo("b", "1")
	labeled.Labels = map[string]string{"tier": "1"}
	labeled.Spec.Repository = "acme/shop"
	c := cacheOf(t, repo("a", "1"), labeled, elsewhere("z", "1"))
	if err := c.IndexField(t.Context(), &v1alpha1.GitRepo{}, "spec.repository", func(o client.Object) []string {
		r, _ := o.(*v1alpha1.GitRepo)
		return []string{r.Spec.Repository}
	}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		options []client.ListOption
		names   []string
	}{
		"all":                       {nil, []string{"a", "b", "z"}},
		"a namespace":               {[]client.ListOption{client.InNamespace("other")}, []string{"z"}},
		"a label":                   {[]client.ListOption{client.MatchingLabels{"tier": "1"}}, []string{"b"}},
		"a field":                   {[]client.ListOption{client.MatchingFields{"spec.repository": "acme/shop"}}, []string{"b"}},
		"a field, and no namespace": {[]client.ListOption{client.InNamespace("other"), client.MatchingFields{"spec.repository": "acme/shop"}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var found v1alpha1.GitRepoList
			g.Expect(c.List(t.Context(), &found, tt.options...)).To(Succeed())
			var names []string
			for _, r := range found.Items {
				names = append(names, r.Name)
				g.Expect(r.Kind).To(Equal("GitRepo"))
			}
			g.Expect(names).To(ConsistOf(tt.names))
		})
	}
	g := NewWithT(t)
	var found v1alpha1.GitRepoList
	g.Expect(c.List(t.Context(), &found, client.Limit(2))).To(Succeed())
	g.Expect(found.Items).To(HaveLen(2))
	for _, wrong := range []client.ListOption{
		client.Continue("more"),
		client.MatchingFields{"spec.unknown": "a"},
		client.MatchingFieldsSelector{Selector: fields.OneTermNotEqualSelector("spec.repository", "a")},
	} {
		g.Expect(c.List(t.Context(), &found, wrong)).NotTo(Succeed())
	}
}

func TestACacheGivesCopies(t *testing.T) {
	g := NewWithT(t)
	c := cacheOf(t, repo("a", "1"))
	key := client.ObjectKey{Namespace: "team", Name: "a"}
	var one, other v1alpha1.GitRepo
	g.Expect(c.Get(t.Context(), key, &one)).To(Succeed())
	one.UID = "changed"
	g.Expect(c.Get(t.Context(), key, &other)).To(Succeed())
	g.Expect(other.UID).To(BeEquivalentTo("u"))
	key.Name = "b"
	g.Expect(apierrors.IsNotFound(c.Get(t.Context(), key, &one))).To(BeTrue())
}

func TestACacheHoldsNoOtherKinds(t *testing.T) {
	g := NewWithT(t)
	c := cacheOf(t)
	var unknown *cache.ErrResourceNotCached
	g.Expect(errors.As(c.Get(t.Context(), client.ObjectKey{Name: "a"}, &corev1.Secret{}), &unknown)).To(BeTrue())
	_, err := c.GetInformer(t.Context(), &corev1.Secret{})
	g.Expect(errors.As(err, &unknown)).To(BeTrue())

	c.ctx = nil
	var early *cache.ErrCacheNotStarted
	g.Expect(errors.As(c.List(t.Context(), &v1alpha1.GitRepoList{}), &early)).To(BeTrue())
}

var _ = Describe("The cache of a member", func() {
	It("holds the namespaces that it is limited to", func(ctx SpecContext) {
		var namespaces []string
		for range 3 {
			namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "team-"}}
			Expect(hub.Client.Create(ctx, namespace)).To(Succeed())
			namespaces = append(namespaces, namespace.Name)
			Expect(hub.Client.Create(ctx, &v1alpha1.GitRepo{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "shop"},
				Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "acme/shop"},
			})).To(Succeed())
		}
		r := newReplica(ctx)
		secret := r.secret("limited", insider(hub, "insider"))
		secret.Annotations = map[string]string{NamespacesAnnotation: namespaces[0] + "," + namespaces[1]}
		Expect(hub.Client.Create(ctx, secret)).To(Succeed())
		r.begin()
		Eventually(r.engagements("limited")).Should(HaveLen(1))
		member := r.engagements("limited")()[0].cluster.GetCache()
		informer, err := member.GetInformer(ctx, &v1alpha1.GitRepo{})
		Expect(err).NotTo(HaveOccurred())
		Expect(member.WaitForCacheSync(ctx)).To(BeTrue())
		var repos v1alpha1.GitRepoList
		Expect(member.List(ctx, &repos)).To(Succeed())
		Expect(repos.Items).To(ConsistOf(HaveField("Namespace", namespaces[0]), HaveField("Namespace", namespaces[1])))

		By("following what happens there")
		added := make(chan string, 10)
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerDetailedFuncs{AddFunc: func(o any, initial bool) {
			if repo, ok := o.(*v1alpha1.GitRepo); ok && !initial {
				added <- repo.Namespace
			}
		}})
		Expect(err).NotTo(HaveOccurred())
		for _, namespace := range []string{namespaces[2], namespaces[1]} {
			Expect(hub.Client.Create(ctx, &v1alpha1.GitRepo{
				ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "another"},
				Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "acme/shop"},
			})).To(Succeed())
		}
		Eventually(added).Should(Receive(Equal(namespaces[1])))

		By("removing an informer")
		Expect(member.RemoveInformer(ctx, &v1alpha1.GitRepo{})).To(Succeed())
		Eventually(informer.IsStopped).Should(BeTrue())
	})

	It("leaves a member few goroutines", func(ctx SpecContext) {
		const members, most = 5, 12
		r := runReplica(ctx)
		engage := func(name string) {
			secret := r.secret(name, insider(hub, "insider"))
			secret.Annotations = map[string]string{NamespacesAnnotation: "default"}
			Expect(hub.Client.Create(ctx, secret)).To(Succeed())
			Eventually(r.engagements(name)).Should(HaveLen(1))
			for _, kind := range []client.Object{&v1alpha1.CommitStatus{}, &v1alpha1.GitRepo{}} {
				_, err := r.engagements(name)()[0].cluster.GetCache().GetInformer(ctx, kind)
				Expect(err).NotTo(HaveOccurred())
			}
		}
		engage("first")
		before := runtime.NumGoroutine()
		for n := range members {
			engage(string(rune('a' + n)))
		}
		Eventually(func() int { return (runtime.NumGoroutine() - before) / members }).Should(BeNumerically("<=", most))
	})
})
