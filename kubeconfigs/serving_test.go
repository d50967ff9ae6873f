package kubeconfigs

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

func TestServing_IsKnownByWhatWasSeenLast(t *testing.T) {
	at := func(sec int) time.Time { return noon.Add(time.Duration(sec) * time.Second) }
	for name, each := range map[string]struct {
		known   serving
		doubtAt time.Time
		want    Serving
	}{
		"nothing":                                 {serving{}, time.Time{}, ServingUnknown},
		"a check since":                           {serving{at: at(16)}, time.Time{}, Serves},
		"a check at that very time":               {serving{at: at(15)}, time.Time{}, Serves},
		"a check after the deletion, too early":   {serving{at: at(14)}, time.Time{}, ServingUnknown},
		"gone after the deletion":                 {serving{vanishedAt: at(1)}, time.Time{}, Vanished},
		"gone and back":                           {serving{vanishedAt: at(1), at: at(16)}, time.Time{}, Vanished},
		"gone shortly before":                     {serving{vanishedAt: at(-60), at: at(16)}, time.Time{}, Vanished},
		"gone long before":                        {serving{vanishedAt: at(-600), at: at(16)}, time.Time{}, Serves},
		"gone long before, not asked since":       {serving{vanishedAt: at(-600)}, time.Time{}, ServingUnknown},
		"in doubt since the deletion":             {serving{at: at(16)}, at(1), ServingUnknown},
		"in doubt since shortly before":           {serving{at: at(16)}, at(-60), ServingUnknown},
		"in doubt since long before":              {serving{at: at(16)}, at(-600), Serves},
		"in doubt since long before, not checked": {serving{}, at(-600), ServingUnknown},
		"in doubt, but seen to be gone":           {serving{vanishedAt: at(1)}, at(1), Vanished},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(each.known.since(noon, at(15), each.doubtAt)).To(Equal(each.want))
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

// servedBy asks a member that answers discovery and lists with these codes.
func servedBy(t *testing.T, discovery, lists int) error {
	t.Helper()
	refuse := func(w http.ResponseWriter, code int) {
		w.WriteHeader(code)
		_ = json.NewEncoder(w).Encode(metav1.Status{TypeMeta: metav1.TypeMeta{Kind: "Status", APIVersion: "v1"}, Status: metav1.StatusFailure, Code: int32(code), Reason: map[int]metav1.StatusReason{
			http.StatusForbidden: metav1.StatusReasonForbidden, http.StatusNotFound: metav1.StatusReasonNotFound,
		}[code]})
	}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		resource := path.Base(request.URL.Path)
		switch kind := map[string]string{commitStatuses: "CommitStatusList", gitRepos: "GitRepoList"}[resource]; {
		case kind != "" && lists == http.StatusOK:
			_, _ = fmt.Fprintf(w, `{"kind":%q,"apiVersion":"commit-status.argoproj.io/v1alpha1","metadata":{"resourceVersion":"7"},"items":[]}`, kind)
		case kind != "":
			refuse(w, lists)
		case discovery == http.StatusOK:
			_, _ = w.Write([]byte(`{"resources":[{"name":"commitstatuses","verbs":["create"]},{"name":"gitrepos","verbs":["create"]}]}`))
		default:
			refuse(w, discovery)
		}
	}))
	t.Cleanup(server.Close)
	return (&engagement{connection: connect(t, accessTo(server), defaultDeadlines)}).serves(t.Context(), newCodec(clusters.Scheme()))
}

// Lists go well while CRDs are being deleted, and their objects one by one.
func TestServes_IsNotKnownOfAMemberThatForbidsDiscovery(t *testing.T) {
	for name, each := range map[string]struct {
		discovery, lists int
		want             serving
	}{
		"both go well":               {http.StatusOK, http.StatusOK, serving{at: noon}},
		"discovery is forbidden":     {http.StatusForbidden, http.StatusOK, serving{}},
		"forbidden, kinds are gone":  {http.StatusForbidden, http.StatusNotFound, serving{vanishedAt: noon}},
		"the group is gone":          {http.StatusNotFound, http.StatusOK, serving{vanishedAt: noon}},
		"the lists are forbidden":    {http.StatusOK, http.StatusForbidden, serving{}},
		"both are forbidden":         {http.StatusForbidden, http.StatusForbidden, serving{}},
		"discovered, kinds are gone": {http.StatusOK, http.StatusNotFound, serving{vanishedAt: noon}},
	} {
		t.Run(name, func(t *testing.T) {
			m := &member{provider: &Provider{options: Options{Clock: clocktesting.NewFakeClock(noon)}}}
			m.noteServing(noon, servedBy(t, each.discovery, each.lists))
			NewWithT(t).Expect(m.serving).To(Equal(each.want))
		})
	}
}

// A member of two namespaces lost all of one, and has not said anything of the other since.
func TestServing_WaitsWhileItIsUndecidedWhetherTheCRDsAreLost(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(noon)
	into := newInformer(&v1alpha1.GitRepo{})
	add := func(kind string, survivors int) *reflector {
		f := &reflector{into: into, limiter: limited(newInformer(&v1alpha1.GitRepo{}), 10), objects: reading(kind), progress: newProgress(clk, lagLimit, func() {})}
		f.replaced(1, survivors)
		if survivors > 0 {
			_, _ = f.limiter.admit(repo("a", "1"), true, 0)
		}
		f.came("7", true)
		into.reflectors = append(into.reflectors, f)
		return f
	}
	other, otherRepos := add("CommitStatus", 1), add("GitRepo", 1)
	clk.Step(time.Minute)
	add("CommitStatus", 0)
	add("GitRepo", 0)
	m := &member{current: &engagement{cache: &memberCache{informers: map[schema.GroupVersionKind]*informer{commitStatus: into}}}}
	m.serving.asking = true // and nobody is asked
	p := &Provider{options: Options{Clock: clk}, ctx: t.Context(), members: map[multicluster.ClusterName]*member{"eu": m}}
	m.provider = p
	begin := clk.Now()
	serving := func(deleted time.Duration) Serving {
		m.serving.at = clk.Now() // both kinds are listed and discovered, as new ones would be
		return p.Serving("eu", deleted, 0)
	}
	g.Expect(serving(0)).To(Equal(ServingUnknown))
	clk.Step(2 * vanishedFor)
	g.Expect(serving(clk.Since(begin))).To(Equal(ServingUnknown), "the other namespace's Role is gone, say")
	g.Expect(serving(0)).To(Equal(Serves), "what is deleted now is no part of that")

	for _, f := range []*reflector{other, otherRepos} {
		f.came("9", true)
	}
	g.Expect(serving(clk.Since(begin))).To(Equal(Serves), "the other namespace is as it was")
	for _, f := range []*reflector{other, otherRepos} {
		f.replaced(1, 0)
	}
	g.Expect(serving(clk.Since(begin))).To(Equal(Vanished), "the other namespace has lost all, too")
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
