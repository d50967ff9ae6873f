package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// writesIn counts the versions of CommitStatuses in the tenant's namespace of a cluster.
func (w *world) writesIn(c *clusters.Cluster) func() map[string]int {
	GinkgoHelper()
	watching, err := client.NewWithWatch(c.Config, client.Options{Scheme: clusters.Scheme()})
	Expect(err).NotTo(HaveOccurred())
	changes, err := watching.Watch(w.ctx, &v1alpha1.CommitStatusList{}, client.InNamespace(w.tenant))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(changes.Stop)
	counts := map[string]int{}
	return func() map[string]int {
		for {
			select {
			case event := <-changes.ResultChan():
				if cs, ok := event.Object.(*v1alpha1.CommitStatus); ok && event.Type == watch.Modified {
					counts[cs.Name]++
				}
			default:
				return counts
			}
		}
	}
}

// eventsIn are the reasons of the events about a CommitStatus, with how often each was.
func (w *world) eventsIn(c *clusters.Cluster, name string) map[string]int {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(c.Client.List(w.ctx, list, client.InNamespace(w.tenant))).To(Succeed())
	out := map[string]int{}
	for i := range list.Items {
		if e := &list.Items[i]; e.Regarding.Name == name {
			out[e.Reason]++
			if e.Series != nil {
				out[e.Reason] += int(e.Series.Count) - 1
			}
		}
	}
	return out
}

var _ = Describe("A second hub that serves the same cluster, without the ScmProvider", early, func() {
	It("makes neither of the two write without end", func() {
		w, rival := newWorld(), newWorld()
		w.ready()
		names := []string{"a", "b", "c", "d", "e"}
		for _, name := range names {
			w.ask(euCluster, name, v1alpha1.PhaseQueued)
		}
		w.member("eu", euCluster.Kubeconfig())
		w.start()
		for _, name := range names {
			w.synced(euCluster, name, v1alpha1.PhaseQueued)
		}
		sent, writes := len(w.scm.Writes()), w.writesIn(euCluster)
		rival.member("eu", euCluster.Kubeconfig())
		rival.start()
		Eventually(func() map[string]int { return w.eventsIn(euCluster, "a") }).Should(HaveKey("StatusContested"))
		Eventually(writes).ShouldNot(BeEmpty())
		Consistently(writes, 20*time.Second, time.Second).Should(HaveEach(BeNumerically("<=", 20)), "each hub writes after 0, 1, 3, 7 and 15 s")
		for _, name := range names {
			Expect(writes()[name]).To(BeNumerically(">=", 4), "they do contest %s", name)
			told := w.eventsIn(euCluster, name)
			Expect(told["StatusContested"]).To(BeNumerically("<=", 2), "once by each hub")
			Expect(told["Synced"]+told["SyncFailed"]).To(BeNumerically("<=", 3), "%v", told)
		}
		w.change(euCluster, "a", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		Eventually(func() int { return len(w.scm.Writes()) }).Should(Equal(sent + 1))

		By("ending the second hub")
		rival.stop()
		for _, name := range names[1:] {
			Eventually(w.reason(euCluster, name), "60s").Should(Equal(v1alpha1.ReasonSynced))
		}
		w.synced(euCluster, "a", v1alpha1.PhaseSuccess)
		Expect(w.scm.Writes()).To(HaveLen(sent+1), "nothing but the change was written to GitHub")
	})
})
