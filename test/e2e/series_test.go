package e2e

import (
	"slices"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
)

// seriesOf are the metrics, whichever there are, that have a series with a label's value.
func seriesOf(label, value string) func() []string {
	return func() []string {
		GinkgoHelper()
		families, err := metrics.Registry.Gather()
		Expect(err).NotTo(HaveOccurred())
		var names []string
		for _, family := range families {
			for _, metric := range family.GetMetric() {
				for _, pair := range metric.GetLabel() {
					if pair.GetName() == label && pair.GetValue() == value {
						names = append(names, family.GetName())
					}
				}
			}
		}
		return slices.Compact(names)
	}
}

var _ = Describe("The series of", func() {
	It("a member and an installation that are gone are gone within a minute, of all metrics", func() {
		w := newWorld()
		clk := newFastClock()
		w.ready()
		w.member("leaver", euCluster.Kubeconfig())
		w.member("stayer", usCluster.Kubeconfig())
		w.start(func(o *hub.Options) { o.Clock = clk })
		w.ask(euCluster, "a", v1alpha1.PhaseInProgress)
		w.ask(usCluster, "b", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "a", v1alpha1.PhaseInProgress)
		w.synced(usCluster, "b", v1alpha1.PhaseInProgress)
		w.unwatched = true // the ScmProvider goes
		provider := &v1alpha1.ScmProvider{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "acme"}}
		Expect(hubCluster.Client.Get(w.ctx, client.ObjectKeyFromObject(provider), provider)).To(Succeed())
		Eventually(func() []v1alpha1.Installation {
			clk.skip(10 * time.Second)
			Expect(hubCluster.Client.Get(w.ctx, client.ObjectKeyFromObject(provider), provider)).To(Succeed())
			return provider.Status.Installations
		}).ShouldNot(BeEmpty())
		installation := provider.Status.Installations[0].ID
		Expect(seriesOf("cluster", "leaver")()).To(ContainElements(
			"commit_status_hub_status_patches_total", "commit_status_hub_claims", "commit_status_hub_cluster_connected"))
		Expect(seriesOf("installation", installation)()).To(ContainElements(
			"commit_status_hub_scm_requests_total", "commit_status_hub_queue_wait_seconds", "commit_status_hub_bucket_remaining"))

		By("deleting a member's Secret")
		Expect(hubCluster.Client.Delete(w.ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.namespace, Name: "leaver"}})).To(Succeed())
		Eventually(func() []string { clk.skip(time.Second); return seriesOf("cluster", "leaver")() }).Should(BeEmpty())
		Expect(seriesOf("cluster", "stayer")()).To(ContainElement("commit_status_hub_status_patches_total"))

		By("deleting the ScmProvider")
		Expect(hubCluster.Client.Delete(w.ctx, provider)).To(Succeed())
		Eventually(func() []string { clk.skip(time.Second); return seriesOf("installation", installation)() }).Should(BeEmpty())
	})
})
