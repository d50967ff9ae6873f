package e2e

import (
	"os"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// crdOf reads one of this version's CRDs.
func crdOf(plural string) *apiextensionsv1.CustomResourceDefinition {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join("..", "..", "deploy", "crds", "commit-status.argoproj.io_"+plural+".yaml"))
	Expect(err).NotTo(HaveOccurred())
	crd := &apiextensionsv1.CustomResourceDefinition{}
	Expect(yaml.UnmarshalStrict(text, crd)).To(Succeed())
	return crd
}

var _ = Describe("A member with CRDs of an older version", early, func() {
	It("is told of, has all the same what it can keep, and the rest once they are renewed", func() {
		old, err := clusters.Start(GinkgoT().Context(), clusters.WithoutCRDs())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(old.Stop()).To(Succeed()) })
		statuses := crdOf("commitstatuses")
		schema := statuses.Spec.Versions[0].Schema.OpenAPIV3Schema
		before := schema.Properties["status"]
		delete(before.Properties, "shortSha")
		w := newWorld()
		w.ready()
		w.create(old, statuses)
		w.create(old, crdOf("gitrepos"))
		w.create(old, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}})
		Eventually(func() error {
			return old.Client.List(w.ctx, &v1alpha1.GitRepoList{})
		}).Should(Succeed())
		w.repo(old, "shop", "acme/shop")
		Eventually(func() error { return old.Client.List(w.ctx, &v1alpha1.CommitStatusList{}) }).Should(Succeed())
		w.member("old", old.Kubeconfig())
		w.start()
		health := func() string {
			secret := &corev1.Secret{}
			Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "old"}, secret)).To(Succeed())
			return secret.Annotations["commit-status.argoproj.io/health"]
		}
		Eventually(health).Should(ContainSubstring(`"crds":"complete"`))
		w.ask(old, "build", v1alpha1.PhaseQueued)
		Eventually(health).Should(And(ContainSubstring(`"state":"Connected"`), ContainSubstring(`"reason":"CRDOutdated"`),
			ContainSubstring(`"crds":"outdated"`), ContainSubstring("status.shortSha")))
		cs := w.synced(old, "build", v1alpha1.PhaseQueued)
		Expect(cs.Status.ShortSHA).To(BeEmpty())
		Expect(cs.Status.Provider.GitHub.CheckRunID).NotTo(BeZero())
		Expect(w.posts()).To(Equal(1))

		By("renewing the CRDs")
		Expect(old.InstallCRDs()).To(Succeed())
		Eventually(func() string { return w.get(old, "build").Status.ShortSHA }, "90s").Should(Equal(testSHA[:7]))
		Eventually(health).Should(ContainSubstring(`"crds":"complete"`))
		Expect(w.synced(old, "build", v1alpha1.PhaseQueued).Status.Provider).To(Equal(cs.Status.Provider))
		Expect(w.posts()).To(Equal(1))
	})
})
