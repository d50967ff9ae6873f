package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var _ = Describe("One status for all", func() {
	It("shows the worst phase of three clusters and counts, until all succeed", func() {
		w := newWorld()
		w.ready(func(p *v1alpha1.ScmProvider) { p.Spec.ConflictPolicy = v1alpha1.ConflictAggregate })
		w.members()
		w.start()
		phases := map[*clusters.Cluster]v1alpha1.Phase{
			hubCluster: v1alpha1.PhaseInProgress, euCluster: v1alpha1.PhaseSuccess, usCluster: v1alpha1.PhaseFailure,
		}
		w.ask(hubCluster, "build", phases[hubCluster])
		alone := w.synced(hubCluster, "build", v1alpha1.PhaseInProgress).Status
		Expect(alone.Description).To(Equal("Hydrated 12 apps"), "one claim is shown as it is")
		// Creation timestamps have whole seconds.
		Eventually(func() time.Duration {
			return time.Since(w.get(hubCluster, "build").CreationTimestamp.Time)
		}).Should(BeNumerically(">", time.Second))
		w.ask(euCluster, "build", phases[euCluster])
		w.ask(usCluster, "build", phases[usCluster])

		cause := "us/" + w.tenant + "/build"
		for c := range phases {
			w.aggregated(c, "1 of 3 failed", v1alpha1.PhaseFailure)
			cs := w.get(c, "build")
			Expect(apimeta.FindStatusCondition(cs.Status.Conditions, v1alpha1.ConditionReady).Message).To(HaveSuffix("failure comes from " + cause))
			if c == hubCluster {
				Expect(cs.Status.Owner).To(BeEmpty())
			} else {
				Expect(cs.Status.Owner).To(Equal("local/" + w.tenant + "/build"))
			}
		}
		runs := w.scm.CheckRuns("acme/shop", testSHA)
		Expect(runs).To(HaveLen(1))
		Expect(runs[0].Conclusion).To(Equal("failure"))
		Expect(runs[0].Title).To(Equal("1 of 3 failed"))

		By("going on until all have succeeded")
		w.change(usCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		w.aggregated(usCluster, "1 of 3 in progress", v1alpha1.PhaseInProgress)
		w.change(hubCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		for c := range phases {
			w.aggregated(c, "all 3 succeeded", v1alpha1.PhaseSuccess)
		}
		Expect(w.posts()).To(Equal(2), "the failed run was completed: GitHub reopens none")

		By("restarting the hub")
		w.stop()
		writes := len(w.scm.Writes())
		before := w.get(euCluster, "build").ResourceVersion
		w.start()
		w.ask(euCluster, "another", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "another", v1alpha1.PhaseSuccess)
		Expect(w.scm.Writes()).To(HaveLen(writes + 1))
		Expect(w.get(euCluster, "build").ResourceVersion).To(Equal(before), "nothing is patched that is right")

		By("aggregating no more")
		p := &v1alpha1.ScmProvider{}
		Eventually(func() error {
			if err := hubCluster.Client.Get(w.ctx, client.ObjectKey{Namespace: w.namespace, Name: "acme"}, p); err != nil {
				return err
			}
			p.Spec.ConflictPolicy = v1alpha1.ConflictOldest
			return hubCluster.Client.Update(w.ctx, p)
		}).Should(Succeed())
		for c := range phases {
			Expect(w.synced(c, "build", v1alpha1.PhaseSuccess).Status.Description).To(Equal("Hydrated 12 apps"))
		}
	})
})

// aggregated waits until the CommitStatus build of a cluster tells that it is
// shown with others.
func (w *world) aggregated(c *clusters.Cluster, description string, phase v1alpha1.Phase) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(w.reason(c, "build")()).To(Equal(v1alpha1.ReasonAggregated))
		status := w.get(c, "build").Status
		g.Expect(status.Description).To(Equal(description))
		g.Expect(status.Phase).To(Equal(phase))
		g.Expect(status.IsSynced).To(BeFalse())
		g.Expect(status.SyncFailure).To(BeNil())
	}).Should(Succeed())
}
