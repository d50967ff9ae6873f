package kubeconfigs

import (
	"context"
	"errors"
	"runtime"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// contents returns the objects that a member's cache holds of a kind.
func contents(ctx context.Context, member cluster.Cluster, kind client.Object) []client.Object {
	GinkgoHelper()
	found, err := member.GetCache().GetInformer(ctx, kind, cache.BlockUntilSynced(false))
	Expect(err).NotTo(HaveOccurred())
	var out []client.Object
	for _, object := range found.(*informer).store.List() {
		out = append(out, object.(client.Object))
	}
	return out
}

func TestMemberCache_CannotBeReadOrIndexed(t *testing.T) {
	g := NewWithT(t)
	c := newMemberCache(nil, newCodec(clusters.Scheme()), Options{Scheme: clusters.Scheme()}, nil, nil, nil)
	index := func(client.Object) []string { return nil }
	i, _ := informerOf(1)
	g.Expect(c.Get(t.Context(), client.ObjectKey{Name: "a"}, &v1alpha1.GitRepo{})).To(MatchError(errNotReadable))
	g.Expect(c.List(t.Context(), &v1alpha1.GitRepoList{})).To(MatchError(errNotReadable))
	g.Expect(c.IndexField(t.Context(), &v1alpha1.GitRepo{}, "spec.repository", index)).To(MatchError(errNotReadable))
	g.Expect(i.AddIndexers(nil)).To(MatchError(errNotReadable))
	g.Expect((&Provider{}).IndexField(t.Context(), &v1alpha1.GitRepo{}, "spec.repository", index)).To(MatchError(errNotReadable))
}

func TestMemberCache_HoldsNoOtherKinds(t *testing.T) {
	g := NewWithT(t)
	c := newMemberCache(nil, newCodec(clusters.Scheme()), Options{Scheme: clusters.Scheme()}, nil, nil, nil)
	var unknown *cache.ErrResourceNotCached
	_, err := c.GetInformer(t.Context(), &corev1.Secret{})
	g.Expect(errors.As(err, &unknown)).To(BeTrue())
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
		limited := r.engagements("limited")()[0].cluster
		member := limited.GetCache()
		informer, err := member.GetInformer(ctx, &v1alpha1.GitRepo{})
		Expect(err).NotTo(HaveOccurred())
		Expect(member.WaitForCacheSync(ctx)).To(BeTrue())
		Expect(contents(ctx, limited, &v1alpha1.GitRepo{})).To(ConsistOf(HaveField("Namespace", namespaces[0]), HaveField("Namespace", namespaces[1])))

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
