package e2e

import (
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var _ = Describe("One status, many clusters", func() {
	var w *world
	var everywhere []*clusters.Cluster

	BeforeEach(func() {
		everywhere = []*clusters.Cluster{hubCluster, euCluster, usCluster}
		w = newWorld()
		w.ready()
		w.members()
	})

	It("makes one check run for three clusters, and none at a restart", func() {
		for _, c := range everywhere {
			w.ask(c, "hydrated", v1alpha1.PhaseInProgress)
		}
		w.start()
		ids := map[int64]bool{}
		for _, c := range everywhere {
			cs := w.synced(c, "hydrated", v1alpha1.PhaseInProgress)
			ids[cs.Status.Provider.GitHub.CheckRunID] = true
			Expect(cs.Status.ScmProvider).To(Equal("acme"))
			Expect(cs.Status.Repo).To(HaveSuffix("/acme/shop"))
			Expect(cs.Status.SHA).To(Equal(testSHA))
			Expect(cs.Status.Description).To(Equal("Hydrated 12 apps"))
			Expect(cs.Status.URL).To(Equal("https://ci.example.com/run/42"))
			Expect(cs.Status.UpdatedAt).NotTo(BeNil())
		}
		Expect(ids).To(HaveLen(1))
		Expect(w.posts()).To(Equal(1))
		runs := w.scm.CheckRuns("acme/shop", testSHA)
		Expect(runs).To(HaveLen(1))
		Expect(ids).To(HaveKey(runs[0].ID))

		By("restarting the hub")
		w.stop()
		calls := len(w.scm.Calls())
		before := w.get(euCluster, "hydrated").ResourceVersion
		w.start()
		w.ask(euCluster, "another", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "another", v1alpha1.PhaseSuccess)
		Expect(w.posts()).To(Equal(2), "the new status only")
		for _, call := range w.scm.Calls()[calls:] {
			Expect(call.Path).NotTo(ContainSubstring("check_name=hydrated"))
		}
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(HaveLen(2))
		Expect(w.get(euCluster, "hydrated").ResourceVersion).To(Equal(before), "nothing is patched that is right")
	})

	It("follows a status through its phases with one write each", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued)
		first := w.synced(euCluster, "build", v1alpha1.PhaseQueued).Status.Provider.GitHub.CheckRunID
		for i, phase := range []v1alpha1.Phase{v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure, v1alpha1.PhaseCanceled} {
			w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = phase })
			Expect(w.synced(euCluster, "build", phase).Status.Provider.GitHub.CheckRunID).To(Equal(first))
			Expect(w.scm.Writes()).To(HaveLen(i + 2))
		}
		By("reopening what was completed")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseQueued })
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseQueued).Status.Provider.GitHub.CheckRunID).NotTo(Equal(first))
		Expect(w.posts()).To(Equal(2))
	})

	It("shows the oldest claim in a conflict, and names it to the others", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseFailure)
		w.synced(euCluster, "build", v1alpha1.PhaseFailure)
		// Creation timestamps have whole seconds.
		Eventually(func() time.Duration {
			return time.Since(w.get(euCluster, "build").CreationTimestamp.Time)
		}).Should(BeNumerically(">", time.Second))
		w.ask(usCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(w.reason(usCluster, "build")).Should(Equal(v1alpha1.ReasonConflict))
		loser := w.get(usCluster, "build")
		Expect(loser.Status.Owner).To(Equal("eu/" + w.tenant + "/build"))
		Expect(loser.Status.Phase).To(Equal(v1alpha1.PhaseFailure))
		Expect(loser.Status.SyncFailure.Message).To(ContainSubstring("eu/" + w.tenant + "/build"))
		Expect(w.scm.Writes()).To(HaveLen(1))

		By("removing the owner's cluster")
		w.removed = euCluster
		Expect(hubCluster.Client.Delete(w.ctx, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, "eu")})).To(Succeed())
		w.synced(usCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.get(usCluster, "build").Status.Owner).To(BeEmpty())
	})

	It("keeps what others wrote on the object", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued, func(cs *v1alpha1.CommitStatus) {
			cs.Labels = map[string]string{"team": "a"}
			cs.Annotations = map[string]string{"note": "mine"}
		})
		cs := w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Expect(cs.Labels).To(HaveKeyWithValue("team", "a"))
		Expect(cs.Annotations).To(HaveKeyWithValue("note", "mine"))
	})

	It("tells a change of standing in an event", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued)
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Eventually(func() []string {
			var list corev1.EventList
			Expect(euCluster.Client.List(w.ctx, &list, client.InNamespace(w.tenant))).To(Succeed())
			var out []string
			for i := range list.Items {
				out = append(out, list.Items[i].Reason)
			}
			return out
		}).Should(ConsistOf("Synced"))
		By("changing what does not change its standing")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "other words" })
		Eventually(func() string { return w.get(euCluster, "build").Status.Description }).Should(Equal("other words"))
		Consistently(func() int {
			var list corev1.EventList
			Expect(euCluster.Client.List(w.ctx, &list, client.InNamespace(w.tenant))).To(Succeed())
			return len(list.Items)
		}).Should(Equal(1))
	})

	It("makes no second check run when the answer to the first is lost", func() {
		w.scm.Inject(dropAfterCreate())
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(HaveLen(1))
		Expect(w.posts()).To(Equal(1))
	})

	It("waits out a pause and loses nothing", func() {
		w.scm.Inject(retryAfter("2"))
		w.start()
		w.ask(euCluster, "a", v1alpha1.PhaseSuccess)
		Eventually(w.refused).Should(BeNumerically(">=", 0))
		w.ask(euCluster, "b", v1alpha1.PhaseSuccess)
		w.ask(usCluster, "c", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "a", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "b", v1alpha1.PhaseSuccess)
		w.synced(usCluster, "c", v1alpha1.PhaseSuccess)
		calls, n := w.scm.Calls(), w.refused()
		Expect(calls[n+1].At.Sub(calls[n].At)).To(BeNumerically(">=", 1900*time.Millisecond), "no request is sent during the pause")
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(HaveLen(3))
	})

	It("takes a name and a text as users write them", func() {
		w.start()
		w.ask(euCluster, "odd", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) {
			cs.Spec.Name = "tests / 単体 🚀"
			cs.Spec.Description = strings.Repeat("ü", 30000)
			cs.Spec.URL = ""
		})
		cs := w.synced(euCluster, "odd", v1alpha1.PhaseSuccess)
		Expect(cs.Status.Name).To(Equal("tests / 単体 🚀"))
		Expect(cs.Status.Description).To(Equal(strings.Repeat("ü", 30000)))
	})

	It("writes on the leader only, and takes over without a call", func() {
		w.start()
		stopLeader := w.stop
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		w.start()
		w.ask(euCluster, "second", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "second", v1alpha1.PhaseSuccess)
		calls := len(w.scm.Calls())
		Consistently(func() int { return len(w.scm.Calls()) }).Should(Equal(calls))
		Expect(w.posts()).To(Equal(2))

		By("stopping the leader")
		stopLeader()
		w.ask(usCluster, "third", v1alpha1.PhaseSuccess)
		w.synced(usCluster, "third", v1alpha1.PhaseSuccess)
		Expect(w.posts()).To(Equal(3))
		for _, name := range []string{"build", "second", "third"} {
			Expect(w.runsNamed(name)).To(Equal(1), name)
		}
	})

	It("writes nothing for a claim whose grant was withdrawn", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		w.grantTo()
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDenied))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDenied))
		Consistently(w.posts).Should(Equal(1))
		Expect(w.scm.Writes()).To(HaveLen(1))
		w.grantTo("*")
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
	})

	It("never gives a status to an object that took another's name", func() {
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(euCluster.Client.Delete(w.ctx, w.get(euCluster, "build"))).To(Succeed())
		w.ask(euCluster, "build", v1alpha1.PhaseFailure, func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = otherSHA })
		cs := w.synced(euCluster, "build", v1alpha1.PhaseFailure)
		Expect(cs.Status.SHA).To(Equal(otherSHA))
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(HaveLen(1))
		Expect(w.scm.CheckRuns("acme/shop", otherSHA)).To(HaveLen(1))
	})
})
