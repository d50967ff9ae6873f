package e2e

import (
	"net/http"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

var _ = Describe("A hub that is killed in the middle of a backlog", early, func() {
	It("leaves a window that its successor keeps, so that all is written once and no limit is broken", func() {
		// perMinute is low enough that a burst of an empty window, on top of what the first
		// hub wrote, would break it within the minute. burst is how many go at once.
		const all, first, perMinute, burst = 30, 12, 24, 10
		w := newWorld(github.WithLimits(github.Limits{WritesPerMinute: perMinute}))
		other := newWorld()
		w.ready(unpaced, func(p *v1alpha1.ScmProvider) { p.Spec.RateLimit.WritesPerMinute = new(int64(perMinute)) })
		w.members()
		other.joins(w, "other")
		kill := w.startProcess()

		// GitHub acts upon the last write, and nobody hears of it.
		var creates atomic.Int32
		killed := make(chan struct{})
		fault := dropAfterCreate()
		fault.Match = func(r *http.Request) bool {
			if !isCreate(r) || creates.Add(1) != first {
				return false
			}
			kill()
			close(killed)
			return true
		}
		w.scm.Inject(fault)
		w.askMany(euCluster, "eu", all)
		Eventually(killed).WithTimeout(30 * time.Second).Should(BeClosed())
		w.askOne("other", "unlimited")

		By("starting another one, which may soon write where there is no limit")
		w.startProcess()
		Eventually(func() int { return len(other.scm.Writes()) }).WithTimeout(40 * time.Second).Should(Equal(1))
		begun := other.scm.Writes()[0].At

		Eventually(func() int { return w.readyReasons(euCluster)[v1alpha1.ReasonSynced] }).
			WithTimeout(90 * time.Second).WithPolling(200 * time.Millisecond).Should(Equal(all + 1))
		for _, cs := range w.statuses(euCluster) {
			Expect(cs.Status.IsSynced).To(BeTrue(), cs.Name)
			Expect(cs.Status.Phase).To(Equal(cs.Spec.Phase), cs.Name)
		}
		Expect(w.disregarded()).To(BeEmpty())
		names, at := w.created()
		Expect(names).To(HaveLen(all), "one for each status")
		w.eachOnce(all)
		Expect(at[perMinute].Sub(at[0])).To(BeNumerically(">=", time.Minute))

		By("making sure that an empty window would have broken the limit")
		over := begun.Add((perMinute + 1 - first - burst) * time.Minute / perMinute)
		Expect(over.Sub(at[0])).To(BeNumerically("<", time.Minute), "there was time to write one too many")
		AddReportEntry("from the first write to the first one that the limit held up", at[perMinute].Sub(at[0]))
		AddReportEntry("from the first write until the successor could write", begun.Sub(at[0]))
		AddReportEntry("from the first write to the last", at[all-1].Sub(at[0]))
	})
})
