package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var _ = Describe("A member whose CRDs are deleted", early, func() {
	It("has nothing canceled, and its statuses again without a write when it is set up anew", func() {
		own, err := clusters.Start(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(own.Stop()).To(Succeed()) })
		w := newWorld()
		w.ready()
		w.create(own, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}})
		w.repo(own, "shop", "acme/shop")
		w.member("own", own.Kubeconfig())
		w.start()
		w.ask(own, "build", v1alpha1.PhaseInProgress)
		w.ask(own, "deploy", v1alpha1.PhaseInProgress)
		w.synced(own, "build", v1alpha1.PhaseInProgress)
		deploy := w.synced(own, "deploy", v1alpha1.PhaseInProgress)

		By("deleting one object, which is canceled as ever")
		Expect(own.Client.Delete(w.ctx, deploy)).To(Succeed())
		Eventually(w.effects).WithTimeout(40 * time.Second).Should(ContainElement("PATCH cancelled"))
		before := len(w.effects())

		By("deleting the CRDs")
		Expect(own.UninstallCRDs()).To(Succeed())
		Consistently(w.effects).WithTimeout(25 * time.Second).WithPolling(time.Second).Should(HaveLen(before))

		By("installing them again, and the same objects")
		Expect(own.InstallCRDs()).To(Succeed())
		Eventually(func() error { return own.Client.List(w.ctx, &v1alpha1.GitRepoList{}) }).Should(Succeed())
		w.repo(own, "shop", "acme/shop")
		Eventually(func() error { return own.Client.List(w.ctx, &v1alpha1.CommitStatusList{}) }).Should(Succeed())
		w.ask(own, "build", v1alpha1.PhaseInProgress)
		// A member without CRDs is tried again once a minute at least.
		Eventually(func(g Gomega) {
			cs := &v1alpha1.CommitStatus{}
			g.Expect(own.Client.Get(w.ctx, client.ObjectKey{Namespace: w.tenant, Name: "build"}, cs)).To(Succeed())
			g.Expect(cs.Status.IsSynced).To(BeTrue())
		}).WithTimeout(2 * time.Minute).Should(Succeed())
		Expect(w.effects()).To(HaveLen(before))
	})
})
