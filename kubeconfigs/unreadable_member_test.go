package kubeconfigs

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// lenientCRD is that of CommitStatuses as it was when it took any time.
func lenientCRD() *apiextensionsv1.CustomResourceDefinition {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join("..", "deploy", "crds", "commit-status.argoproj.io_commitstatuses.yaml"))
	Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	Expect(yaml.UnmarshalStrict(text, crd)).To(Succeed())
	status := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
	updatedAt := status.Properties["updatedAt"]
	updatedAt.XValidations = nil
	status.Properties["updatedAt"] = updatedAt
	return crd
}

var _ = Describe("A member with an object that cannot be read", func() {
	It("is watched all the same, and tells which until it is mended", func(ctx SpecContext) {
		Expect(bare.InstallCRDs()).To(Succeed())
		DeferCleanup(bare.UninstallCRDs)
		lenient := lenientCRD()
		existing := &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: lenient.Name}}
		Expect(bare.Client.Get(ctx, client.ObjectKeyFromObject(existing), existing)).To(Succeed())
		existing.Spec = lenient.Spec
		Expect(bare.Client.Update(ctx, existing)).To(Succeed())
		status := func(name string) *v1alpha1.CommitStatus {
			return &v1alpha1.CommitStatus{
				ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: name},
				Spec: v1alpha1.CommitStatusSpec{
					GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, Name: name, Phase: v1alpha1.PhaseSuccess,
					SHA: "1f0c7d4b1e5a6b7c8d9e0f1a2b3c4d5e6f708192",
				},
			}
		}
		patch := func(name, at string) error {
			return bare.Client.Status().Patch(ctx, status(name), client.RawPatch("application/merge-patch+json", []byte(`{"status":{"updatedAt":"`+at+`"}}`)))
		}
		for _, name := range []string{"bad", "good", "later"} {
			Expect(bare.Client.Create(ctx, status(name))).To(Succeed())
		}
		Eventually(func() error { return patch("bad", "2026-11-23t10:00:00z") }).Should(MatchError(ContainSubstring("cannot parse")), "the client cannot read the answer either")

		r := runReplica(ctx)
		r.add(ctx, "odd", insider(bare, "insider"))
		Eventually(r.engagements("odd")).Should(HaveLen(1))
		member := r.engagements("odd")()[0].cluster
		_, err := member.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{})
		Expect(err).NotTo(HaveOccurred())
		inside := func() (names []string) {
			list := &v1alpha1.CommitStatusList{}
			Expect(member.GetCache().List(ctx, list)).To(Succeed())
			for i := range list.Items {
				names = append(names, list.Items[i].Name)
			}
			return names
		}
		By("a list")
		Eventually(inside).Should(ConsistOf("good", "later"))
		Eventually(r.health("odd")).Should(And(haveState(Connected, ReasonObjectsUnreadable), HaveField("Unreadable", 1),
			HaveField("Message", ContainSubstring("CommitStatus default/bad"))))
		Eventually(r.events(ctx, "odd")).Should(ContainElement(ReasonObjectsUnreadable))

		By("a watch")
		Expect(patch("later", "2026-11-23t10:00:00z")).To(MatchError(ContainSubstring("cannot parse")))
		Eventually(inside).Should(ConsistOf("good"))
		Eventually(r.health("odd")).Should(And(HaveField("Unreadable", 2), HaveField("Message", ContainSubstring("default/later"))))
		Expect(r.provider.LeavesOut("odd", status("later"))).To(BeTrue(), "it is there yet")
		Expect(bare.Client.Create(ctx, status("new"))).To(Succeed())
		Eventually(inside).Should(ConsistOf("good", "new"), "the watch goes on behind it")

		By("mending one and deleting the other")
		Expect(patch("later", "2026-11-23T10:00:00Z")).To(Succeed())
		Expect(bare.Client.Delete(ctx, status("bad"))).To(Succeed())
		Eventually(inside).Should(ConsistOf("good", "new", "later"))
		Eventually(r.health("odd")).Should(And(haveState(Connected, ReasonConnected), HaveField("Unreadable", 0)))
	})
})
