package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var _ = Describe("Two GitHub Apps on one repository", func() {
	It("never change each other's runs: what is unfinished is canceled by its own App", func() {
		const secondApp = 999
		w := newWorld()
		w.ready()
		w.members()
		pem := w.scm.AddApp(secondApp)
		w.scm.Install(secondApp, secondApp, "acme")
		w.create(hubCluster, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, "second-app"), Data: map[string][]byte{"privateKey": pem}})
		w.create(hubCluster, &v1alpha1.ScmProvider{
			ObjectMeta: objectMeta(w.namespace, "second"),
			Spec: v1alpha1.ScmProviderSpec{
				GitHub:    &v1alpha1.GitHubSpec{APIURL: v1alpha1.APIURL(w.scm.URL()), AppID: secondApp},
				SecretRef: v1alpha1.ObjectReference{Name: "second-app"},
				Grants:    []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"us"}, Repositories: []v1alpha1.Pattern{"acme/*"}}},
			},
		})
		w.create(usCluster, repoOf(w.tenant, "second", "second", "acme/shop"))
		w.start()

		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		// Creation timestamps have whole seconds.
		Eventually(func() time.Duration {
			return time.Since(w.get(euCluster, "build").CreationTimestamp.Time)
		}).Should(BeNumerically(">", time.Second))
		w.ask(usCluster, "build", v1alpha1.PhaseInProgress, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = "second" })
		Expect(w.synced(usCluster, "build", v1alpha1.PhaseInProgress).Status.ScmProvider).To(Equal("acme"), "who wrote it")
		Expect(w.effects()).To(Equal([]string{"POST in_progress"}))

		By("deleting the owner, whose App the other one does not have")
		Expect(euCluster.Client.Delete(w.ctx, w.get(euCluster, "build"))).To(Succeed())
		Eventually(func() string { return w.synced(usCluster, "build", v1alpha1.PhaseInProgress).Status.ScmProvider }).Should(Equal("second"))
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH cancelled", "POST in_progress"}))
		var apps []int64
		for _, call := range w.scm.Writes() {
			Expect(call.Status).To(BeNumerically("<", 300), "GitHub had nothing to refuse")
			apps = append(apps, call.App)
		}
		Expect(apps).To(Equal([]int64{appID, appID, secondApp}))
	})
})
