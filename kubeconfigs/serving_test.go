package kubeconfigs

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

func TestServing_IsKnownByWhatWasSeenLast(t *testing.T) {
	at := func(sec int) time.Time { return noon.Add(time.Duration(sec) * time.Second) }
	for name, each := range map[string]struct {
		known serving
		want  Serving
	}{
		"nothing":                               {serving{}, ServingUnknown},
		"a check since":                         {serving{at: at(16)}, Serves},
		"a check at that very time":             {serving{at: at(15)}, Serves},
		"a check after the deletion, too early": {serving{at: at(14)}, ServingUnknown},
		"gone after the deletion":               {serving{vanishedAt: at(1)}, Vanished},
		"gone and back":                         {serving{vanishedAt: at(1), at: at(16)}, Vanished},
		"gone shortly before":                   {serving{vanishedAt: at(-60), at: at(16)}, Vanished},
		"gone long before":                      {serving{vanishedAt: at(-600), at: at(16)}, Serves},
		"gone long before, not asked since":     {serving{vanishedAt: at(-600)}, ServingUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(each.known.since(noon, at(15))).To(Equal(each.want))
		})
	}
}

func TestOffersKinds_WantsBothWithTheVerbCreate(t *testing.T) {
	entry := func(name, verbs string) string { return `{"name":"` + name + `","verbs":[` + verbs + `]}` }
	both := entry("commitstatuses", `"list","create"`) + "," + entry("gitrepos", `"create"`)
	for name, each := range map[string]struct {
		document string
		want     OmegaMatcher
	}{
		"both":                 {`{"resources":[` + both + `]}`, Succeed()},
		"among others":         {`{"resources":[` + entry("x", "") + "," + both + `]}`, Succeed()},
		"one is being deleted": {`{"resources":[` + entry("commitstatuses", `"list","delete"`) + "," + entry("gitrepos", `"create"`) + `]}`, MatchError(errVanished)},
		"one is gone":          {`{"resources":[` + entry("commitstatuses", `"create"`) + `]}`, MatchError(errVanished)},
		"a subresource only":   {`{"resources":[` + entry("commitstatuses/status", `"create"`) + "," + entry("gitrepos", `"create"`) + `]}`, MatchError(errVanished)},
		"none":                 {`{}`, MatchError(errVanished)},
		"no document":          {`<html>`, And(HaveOccurred(), Not(MatchError(errVanished)))},
		"half of one":          {`{"resources":[` + both, And(HaveOccurred(), Not(MatchError(errVanished)))},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(offersKinds(strings.NewReader(each.document))).To(each.want)
		})
	}
}

var _ = Describe("A member whose CRDs are deleted", func() {
	It("is seen not to serve the kinds, and to serve them in all other cases", func(ctx SpecContext) {
		own, err := clusters.Start(ctx, clusters.WithoutCRDs())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(own.Stop)
		allow(ctx, own)
		Expect(own.InstallCRDs()).To(Succeed())
		r := runReplica(ctx)
		r.add(ctx, "own", insider(own, "insider"))
		Eventually(r.health("own")).Should(haveState(Connected, ReasonConnected))

		begin := time.Now()
		serving := func() Serving { return r.provider.Serving("own", time.Since(begin), time.Since(begin)) }
		Eventually(serving).Should(Equal(Serves))
		Expect(r.provider.Serving("nobody", 0, 0)).To(Equal(ServingUnknown))

		By("holding the deletion up, as many objects do")
		object := &v1alpha1.GitRepo{
			ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "shop", Finalizers: []string{"example.com/hold"}},
			Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: "acme"}, Repository: "acme/shop"},
		}
		Expect(own.Client.Create(ctx, object)).To(Succeed())
		deleted := make(chan error, 1)
		go func() {
			defer GinkgoRecover()
			deleted <- own.UninstallCRDs()
		}()
		Eventually(func() Serving { return r.provider.Serving("own", 0, -time.Second) }).Should(Equal(Vanished))
		release := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		Expect(own.Client.Patch(ctx, object, release)).To(Succeed())
		Eventually(deleted).Should(Receive())
		Expect(r.provider.Serving("own", time.Second, 0)).To(Equal(Vanished))
	})
})

var _ = Describe("A member whose CRDs are made anew while the hub does not reach it", func() {
	It("is seen to have lost its kinds, and not to have deleted its objects", func(ctx SpecContext) {
		own, err := clusters.Start(ctx, clusters.WithoutCRDs())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(own.Stop)
		Expect(own.InstallCRDs()).To(Succeed())
		namespace := namespaceIn(ctx, own)
		repoIn(ctx, own, namespace, "shop")
		Expect(own.Client.Create(ctx, statusIn(namespace, "build"))).To(Succeed())
		r := watchful(ctx)
		front := r.fronted(ctx, own, "", nil)
		r.begin()
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("shop"))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))

		front.Misbehave(faults.Fault{Reset: true})
		Eventually(r.health("member")).Should(HaveField("State", Unreachable))
		Expect(own.UninstallCRDs()).To(Succeed())
		Expect(own.InstallCRDs()).To(Succeed())
		front.Behave()
		Eventually(r.cached(ctx, "member", namespace)).WithTimeout(2 * time.Minute).Should(BeEmpty())
		begin := time.Now()
		Eventually(func() Serving { return r.provider.Serving("member", time.Since(begin), time.Since(begin)) }).
			WithTimeout(2 * time.Minute).Should(Equal(Vanished))
	})
})
