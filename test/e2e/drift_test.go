package e2e

import (
	"net/http"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// checkedEvery has drift looked for as often as is allowed, under a policy.
func checkedEvery(policy v1alpha1.DriftPolicy) func(*v1alpha1.ScmProvider) {
	return func(p *v1alpha1.ScmProvider) { p.Spec.Drift = v1alpha1.Drift{Interval: "1s", Policy: policy} }
}

// lists are the calls that listed a commit, by status.
func (w *world) lists() map[int]int {
	out := map[int]int{}
	for _, call := range w.scm.Calls() {
		if call.Method == http.MethodGet && strings.HasSuffix(call.Path, "/check-runs") {
			out[call.Status]++
		}
	}
	return out
}

// message is that of the Ready condition.
func (w *world) message(name string) string {
	GinkgoHelper()
	return apimeta.FindStatusCondition(w.get(euCluster, name).Status.Conditions, v1alpha1.ConditionReady).Message
}

func fail(r *github.CheckRun) { r.Status, r.Conclusion = "completed", "failure" }

var _ = Describe("Drift", func() {
	var w *world

	shown := func(policy v1alpha1.DriftPolicy) *v1alpha1.CommitStatus {
		GinkgoHelper()
		w = newWorld()
		w.ready(checkedEvery(policy))
		w.members()
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		return w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
	}

	It("is reported and left, until the SCM matches again", func() {
		id := shown(v1alpha1.DriftReport).Status.Provider.GitHub.CheckRunID
		w.scm.EditCheckRun(id, func(r *github.CheckRun) { fail(r); r.Summary = "all red" })
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		Expect(w.message("build")).To(Equal(
			`drift: phase is failure in GitHub, success here; description is "all red" in GitHub, "Hydrated 12 apps" here`))
		Expect(w.warned(euCluster, "build", "Drifted")).To(ContainSubstring("phase is failure in GitHub"))
		status := w.get(euCluster, "build").Status
		Expect(status.Phase).To(Equal(v1alpha1.PhaseFailure))
		Expect(status.Description).To(Equal("all red"))
		Expect(status.IsSynced).To(BeFalse())

		By("restarting the hub, which leaves it too")
		w.stop()
		w.start()
		Consistently(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		Expect(w.effects()).To(HaveLen(1))

		w.scm.EditCheckRun(id, func(r *github.CheckRun) { r.Conclusion, r.Summary = "success", "Hydrated 12 apps" })
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.effects()).To(HaveLen(1), "nothing was written")
	})

	It("ends with a change of the spec, and with one write that somebody asks for", func() {
		id := shown(v1alpha1.DriftReport).Status.Provider.GitHub.CheckRunID
		w.scm.EditCheckRun(id, fail)
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) {
			cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: time.Now().Format(time.RFC3339Nano)}
		})
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.effects()).To(Equal([]string{"POST success", "PATCH success"}))
		w.scm.EditCheckRun(id, fail)
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseCanceled })
		w.synced(euCluster, "build", v1alpha1.PhaseCanceled)
		Expect(w.effects()).To(HaveLen(3))
	})

	It("is a status that vanished, and a newer run of the same name", func() {
		id := shown(v1alpha1.DriftReport).Status.Provider.GitHub.CheckRunID
		w.scm.DeleteCheckRun(id)
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		Expect(w.message("build")).To(Equal("drift: the status is missing in GitHub, success here"))
		newer := w.scm.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: testSHA, Name: "build", AppID: appID, Conclusion: "failure"})
		Eventually(func() string { return w.message("build") }).Should(HavePrefix("drift: phase is failure in GitHub, success here"))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) {
			cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now"}
		})
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseSuccess).Status.Provider.GitHub.CheckRunID).To(BeNumerically(">", newer))
		Expect(w.effects()).To(Equal([]string{"POST success", "POST success"}), "what is not ours is never changed")
	})

	It("is restored three times an hour, and then reported", func() {
		id := shown(v1alpha1.DriftRestore).Status.Provider.GitHub.CheckRunID
		for i := range 3 {
			w.scm.EditCheckRun(id, fail)
			Eventually(func() int { return len(w.effects()) }).Should(Equal(i + 2))
			w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		}
		w.scm.EditCheckRun(id, fail)
		Eventually(func(g Gomega) { // the third drift may be reported for a moment yet
			g.Consistently(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDrifted))
		}).Should(Succeed())
		Expect(w.effects()).To(HaveLen(4))
	})

	It("costs one conditional list for all statuses of a commit", func() {
		shown(v1alpha1.DriftReport)
		for _, name := range []string{"test", "lint", "deploy"} {
			w.ask(euCluster, name, v1alpha1.PhaseSuccess)
			w.synced(euCluster, name, v1alpha1.PhaseSuccess)
		}
		Eventually(func() int { return w.lists()[http.StatusNotModified] }).Should(BeNumerically(">=", 2))
		before, begun := w.lists(), time.Now()
		free := func() int { return w.lists()[http.StatusNotModified] - before[http.StatusNotModified] }
		Eventually(free).Should(BeNumerically(">=", 2))
		Expect(free()).To(BeNumerically("<=", 2+int(time.Since(begun).Seconds())), "one a second at most, however many names")
		Expect(w.lists()[http.StatusOK]).To(Equal(before[http.StatusOK]), "nothing changed")
	})

	It("that is not looked for costs nothing", func() {
		w = newWorld()
		w.ready(func(p *v1alpha1.ScmProvider) { p.Spec.Drift.Interval = "0s" })
		w.members()
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		id := w.synced(euCluster, "build", v1alpha1.PhaseSuccess).Status.Provider.GitHub.CheckRunID
		calls := len(w.scm.Calls())
		w.unwatched = true
		w.scm.EditCheckRun(id, fail)
		Consistently(func() int { return len(w.scm.Calls()) }).Should(Equal(calls))
	})
})
