package kubeconfigs

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// loosen has a member's CRD take, in a field of a part of its objects, what Go does not read.
func loosen(ctx context.Context, c *clusters.Cluster, resource, part, field string, loose func(*apiextensionsv1.JSONSchemaProps)) {
	GinkgoHelper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	Expect(c.Client.Get(ctx, client.ObjectKey{Name: resource + "." + v1alpha1.GroupVersion.Group}, crd)).To(Succeed())
	properties := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties[part].Properties
	schema := properties[field]
	loose(&schema)
	properties[field] = schema
	Expect(c.Client.Update(ctx, crd)).To(Succeed())
}

// anyTime and anyNumber loosen a CRD's field.
func anyTime(schema *apiextensionsv1.JSONSchemaProps) { schema.XValidations = nil }

func anyNumber(schema *apiextensionsv1.JSONSchemaProps) {
	*schema = apiextensionsv1.JSONSchemaProps{XIntOrString: true}
}

// statusIn is a CommitStatus of the GitRepo shop.
func statusIn(namespace, name string) *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.CommitStatusSpec{
			GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, Name: name, Phase: v1alpha1.PhaseSuccess,
			SHA: "1f0c7d4b1e5a6b7c8d9e0f1a2b3c4d5e6f708192",
		},
	}
}

// numbered is a GitRepo whose repository is a number.
func numbered(name string) *unstructured.Unstructured {
	r := &unstructured.Unstructured{Object: map[string]any{
		"spec": map[string]any{"scmProviderRef": map[string]any{"name": "scm"}, "repository": int64(7)},
	}}
	r.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("GitRepo"))
	r.SetNamespace("default")
	r.SetName(name)
	return r
}

var _ = Describe("A member with an object that cannot be read", func() {
	It("is watched all the same, and tells which until it is mended", func(ctx SpecContext) {
		Expect(bare.InstallCRDs()).To(Succeed())
		DeferCleanup(bare.UninstallCRDs)
		loosen(ctx, bare, commitStatuses, "status", "updatedAt", anyTime)
		loosen(ctx, bare, gitRepos, "spec", "repository", anyNumber)
		status := func(name string) *v1alpha1.CommitStatus { return statusIn("default", name) }
		patch := func(name, at string) error {
			return bare.Client.Status().Patch(ctx, status(name), client.RawPatch("application/merge-patch+json", []byte(`{"status":{"updatedAt":"`+at+`"}}`)))
		}
		for _, name := range []string{"bad", "good", "later"} {
			Expect(bare.Client.Create(ctx, status(name))).To(Succeed())
		}
		Eventually(func() error { return patch("bad", "2026-11-23t10:00:00z") }).Should(MatchError(ContainSubstring("cannot parse")), "the client cannot read the answer either")

		Eventually(func() error { return bare.Client.Create(ctx, numbered("number")) }).Should(Succeed())
		repoIn(ctx, bare, "default", "shop")

		r := runReplica(ctx)
		kubeconfig := insider(bare, "insider")
		r.add(ctx, "odd", kubeconfig)
		Eventually(r.engagements("odd")).Should(HaveLen(1))
		member := r.engagements("odd")()[0].cluster
		_, err := member.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{})
		Expect(err).NotTo(HaveOccurred())
		inside := func() (names []string) {
			for _, object := range contents(ctx, member, &v1alpha1.CommitStatus{}) {
				names = append(names, object.GetName())
			}
			return names
		}
		By("a list")
		Eventually(inside).Should(ConsistOf("good", "later"))
		Eventually(r.cached(ctx, "odd", "default")).Should(Equal(map[string]string{"shop": "acme/shop"}))
		Eventually(r.health("odd")).Should(And(haveState(Connected, ReasonObjectsUnreadable), HaveField("Unreadable", 2),
			HaveField("Message", And(ContainSubstring("CommitStatus default/bad"), ContainSubstring("GitRepo default/number")))))
		Eventually(r.events(ctx, "odd")).Should(ContainElement(ReasonObjectsUnreadable))

		By("a watch")
		Expect(patch("later", "2026-11-23t10:00:00z")).To(MatchError(ContainSubstring("cannot parse")))
		Eventually(inside).Should(ConsistOf("good"))
		Eventually(r.health("odd")).Should(And(HaveField("Unreadable", 3), HaveField("Message", ContainSubstring("default/later"))))
		Expect(r.provider.LeavesOut("odd", status("later"))).To(BeTrue(), "it is there yet")
		Expect(bare.Client.Create(ctx, status("new"))).To(Succeed())
		Eventually(inside).Should(ConsistOf("good", "new"), "the watch goes on behind it")

		By("watching a GitRepo become unreadable")
		Expect(bare.Client.Create(ctx, numbered("another"))).To(Succeed())
		repoIn(ctx, bare, "default", "next")
		Eventually(r.cached(ctx, "odd", "default")).Should(And(HaveLen(2), HaveKey("next")), "the watch goes on behind it")
		Eventually(r.health("odd")).Should(HaveField("Unreadable", 4))

		By("starting another hub")
		second := runReplica(ctx)
		second.add(ctx, "odd", kubeconfig)
		Eventually(second.health("odd")).Should(And(haveState(Connected, ReasonObjectsUnreadable), HaveField("Unreadable", 4),
			HaveField("Message", And(ContainSubstring("default/later"), ContainSubstring("default/another")))))
		Eventually(second.cached(ctx, "odd", "default")).Should(And(HaveLen(2), HaveKey("shop"), HaveKey("next")))
		second.stop()

		By("mending one and deleting the others")
		for _, name := range []string{"number", "another"} {
			Expect(bare.Client.Delete(ctx, numbered(name))).To(Succeed())
		}
		Expect(patch("later", "2026-11-23T10:00:00Z")).To(Succeed())
		Expect(bare.Client.Delete(ctx, status("bad"))).To(Succeed())
		Eventually(inside).Should(ConsistOf("good", "new", "later"))
		Eventually(r.health("odd")).Should(And(haveState(Connected, ReasonConnected), HaveField("Unreadable", 0)))
	})
})

var _ = Describe("A member with an object that has very many annotations", func() {
	It("has it read as any other, by a watch and by a list", func(ctx SpecContext) {
		namespace := namespaceIn(ctx, hub)
		object := repoIn(ctx, hub, namespace, "shop")
		r := watchful(ctx)
		front := r.fronted(ctx, hub, namespace, nil)
		r.begin()
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKey("shop"))

		object.Annotations = map[string]string{}
		for n := range 9_998 {
			object.Annotations[fmt.Sprint("a", n)] = ""
		}
		object.Spec.Repository = "acme/other"
		Expect(hub.Client.Update(ctx, object)).To(Succeed())
		Eventually(r.cached(ctx, "member", namespace)).Should(HaveKeyWithValue("shop", "acme/other"))
		front.Misbehave(faults.Fault{Reset: true})
		Eventually(r.health("member")).Should(HaveField("State", Unreachable))
		front.Behave()
		Eventually(r.health("member")).WithTimeout(time.Minute).Should(HaveField("State", Connected))
		Expect(r.health("member")()).To(HaveField("Unreadable", 0))
		Expect(r.cached(ctx, "member", namespace)()).To(HaveKeyWithValue("shop", "acme/other"))
	})
})
