package e2e

import (
	"syscall"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var _ = Describe("A hub whose leader is gone", early, func() {
	done := func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess }

	It("writes again within ten seconds of its death, and makes nothing twice", Serial, func() {
		w := newWorld()
		w.ready()
		old := w.startReplica()
		w.ask(hubCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(hubCluster, "build", v1alpha1.PhaseInProgress)
		w.startReplica()

		old.signal(syscall.SIGKILL)
		killed := time.Now()
		w.change(hubCluster, "build", done)
		w.ask(hubCluster, "test", v1alpha1.PhaseSuccess)
		takeOver := w.writtenAfter(1).Sub(killed)
		AddReportEntry("take-over from a leader that was killed", takeOver)
		Expect(takeOver).To(BeNumerically("<=", 10*time.Second))
		w.synced(hubCluster, "build", v1alpha1.PhaseSuccess)

		By("waiting for what the old leader may have sent before anything is made")
		Eventually(w.reason(hubCluster, "test")).WithTimeout(30 * time.Second).Should(Equal(v1alpha1.ReasonSynced))
		made := w.scm.Writes()[2].At.Sub(killed)
		Expect(made).To(BeNumerically(">=", 18*time.Second), "its lease could be renewed until 5 s, and an answer be lost until 20 s")
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH success", "POST success"}))

		By("making what is asked for from now on at once")
		asked := time.Now()
		w.ask(hubCluster, "deploy", v1alpha1.PhaseSuccess)
		Expect(w.writtenAfter(3).Sub(asked)).To(BeNumerically("<=", 2*time.Second))
	})

	It("starts no request once its API server is gone for longer than the lease, and goes on when it is back", func() {
		w := newWorld()
		w.ready()
		w.members()
		g := newGate()
		old := w.startReplicaAt(g.access(w))
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		next := w.startReplicaAt(g.access(w))

		g.set(true)
		gone := time.Now()
		Eventually(old.ended).WithTimeout(20 * time.Second).Should(BeClosed())
		w.change(euCluster, "build", done)
		Consistently(func() int { return len(w.effects()) }).WithTimeout(3 * time.Second).Should(Equal(1))
		Expect(next.ended).NotTo(BeClosed(), "it has not led")
		for _, call := range w.scm.Calls() {
			Expect(call.At).To(BeTemporally("<=", gone.Add(5*time.Second)), "the lease could not be renewed after that")
		}

		g.set(false)
		back := time.Now()
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		AddReportEntry("take-over once the API server is back", w.scm.Writes()[1].At.Sub(back))
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH success"}))
	})
})
