package e2e

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// joins makes this world's GitHub one of another world's hub, and a GitRepo of the
// same name for it in the member eu.
func (w *world) joins(other *world, name string) {
	GinkgoHelper()
	secret, provider := w.secondSecret(), w.secondProvider()
	secret.Namespace, secret.Name = other.namespace, name
	provider.Namespace, provider.Name = other.namespace, name
	provider.Spec.SecretRef.Name = name
	unpaced(provider)
	w.create(hubCluster, secret)
	w.create(hubCluster, provider)
	w.create(euCluster, repoOf(other.tenant, name, name, "acme/shop"))
}

// unpaced takes away the limit of an hour, which would spread requests over it.
func unpaced(p *v1alpha1.ScmProvider) {
	p.Spec.RateLimit = &v1alpha1.RateLimit{RequestsPerHour: new(int64(0))}
}

// askAll makes n CommitStatuses in the member eu for the GitRepo of a name.
func (w *world) askAll(repo string, n int) {
	GinkgoHelper()
	for i := range n {
		w.askOne(repo, strconv.Itoa(i))
	}
}

// askOne makes a CommitStatus in the member eu for the GitRepo of a name.
func (w *world) askOne(repo, what string) {
	GinkgoHelper()
	w.askAt(repo, what, testSHA)
}

// askAt makes a CommitStatus for a commit in the member eu for the GitRepo of a name.
func (w *world) askAt(repo, what, sha string) {
	GinkgoHelper()
	w.ask(euCluster, repo+"-"+what, v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) {
		cs.Spec.GitRepoRef.Name, cs.Spec.SHA = repo, sha
	})
}

// reasonsOf counts the Ready reasons of those that askAll made.
func (w *world) reasonsOf(repo string, n int) map[string]int {
	GinkgoHelper()
	out := map[string]int{}
	for i := range n {
		out[w.reason(euCluster, fmt.Sprintf("%s-%d", repo, i))()]++
	}
	return out
}

// eachOnce checks that a GitHub shows n check runs, all of different names.
func (w *world) eachOnce(n int) {
	GinkgoHelper()
	names := map[string]bool{}
	runs := w.scm.CheckRuns("acme/shop", testSHA)
	for _, run := range runs {
		names[run.Name] = true
	}
	Expect(runs).To(HaveLen(n))
	Expect(names).To(HaveLen(n))
}

var _ = Describe("An installation", func() {
	It("that hangs, and one that answers 503, hold up no other and cost few calls", func() {
		const each = 40
		w, hanging, down := newWorld(), newWorld(), newWorld()
		w.ready(unpaced)
		w.members()
		hanging.joins(w, "hanging")
		down.joins(w, "down")
		w.start(func(o *hub.Options) { o.Workers = 64 })
		w.askOne("hanging", "begun")
		w.askOne("down", "begun")
		w.synced(euCluster, "hanging-begun", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "down-begun", v1alpha1.PhaseSuccess)
		By("losing the answers to two, before all goes wrong")
		down.scm.Inject(github.Fault{Match: isCreate, Times: 2, DropAfter: true})
		w.askOne("down", "lost")
		w.askOne("down", "lost-too")
		Eventually(func() int { return down.runsNamed("down-lost") + down.runsNamed("down-lost-too") }).Should(Equal(2))
		all := func(*http.Request) bool { return true }
		hanging.scm.Inject(github.Fault{Match: all, Times: -1, Hang: true})
		down.scm.Inject(github.Fault{Match: all, Times: -1, Status: http.StatusServiceUnavailable})
		hangs, fails := len(hanging.scm.Calls()), len(down.scm.Calls())
		for i := range each { // one list of a commit is for all of its keys
			sha := fmt.Sprintf("%040x", i+1)
			hanging.scm.AddCommit("acme/shop", sha)
			w.askAt("hanging", strconv.Itoa(i), sha)
		}
		w.askAll("down", each)
		Eventually(func() int { return len(hanging.scm.Calls()) }).Should(Equal(hangs+10), "what may be in flight")
		Eventually(func() int { return len(down.scm.Calls()) }).Should(BeNumerically(">", fails+2))

		w.askAll("shop", each)
		Eventually(func() int { return w.reasonsOf("shop", each)[v1alpha1.ReasonSynced] }).
			WithTimeout(10 * time.Second).Should(Equal(each))
		w.eachOnce(each)
		Expect(hanging.scm.Calls()).To(HaveLen(hangs + 10))

		By("telling those who wait for the one that is down, once it has been for half a minute")
		Eventually(func() int { return w.reasonsOf("down", each)[v1alpha1.ReasonUnavailable] }).
			WithTimeout(50 * time.Second).Should(Equal(each))
		Expect(len(down.scm.Calls())-fails).To(BeNumerically("<=", 20), "ten at once, then a probe after 1 s, 2 s, 4 s and so on")

		By("bringing it back")
		down.scm.ClearFaults()
		Eventually(func() int { return w.reasonsOf("down", each)[v1alpha1.ReasonSynced] }).
			WithTimeout(time.Minute).Should(Equal(each))
		w.synced(euCluster, "down-lost", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "down-lost-too", v1alpha1.PhaseSuccess)
		down.eachOnce(each + 3)
	})

	It("that asks for a pause gets no request in it, not even from a successor of a killed hub, and loses nothing", func() {
		const each = 30
		w := newWorld(github.WithLimits(github.Limits{Grace: 500 * time.Millisecond}))
		other := newWorld()
		w.ready(unpaced)
		w.members()
		other.joins(w, "other")
		fault := retryAfter("20")
		var creates atomic.Int32
		fault.Match = func(r *http.Request) bool { return isCreate(r) && creates.Add(1) == each/3 }
		w.scm.Inject(fault)
		kill := w.startProcess()
		w.askAll("shop", each)
		Eventually(func() []v1alpha1.Installation { return w.acme().Status.Installations }).
			Should(ContainElement(HaveField("PausedUntil", Not(BeNil()))))
		Eventually(w.told).Should(Equal([]string{"Paused"}))
		refused := w.scm.Calls()[w.refused()]
		holder := w.holder()
		kill()
		Expect(len(w.scm.CheckRuns("acme/shop", testSHA))).To(BeNumerically("<", each), "it is in the middle")

		By("starting another one, which writes elsewhere meanwhile")
		w.startProcess()
		// What is asked for before that may have been written by the first one.
		Eventually(w.holder).ShouldNot(Equal(holder))
		w.askAll("other", each)
		Eventually(func() int { return w.reasonsOf("other", each)[v1alpha1.ReasonSynced] }).Should(Equal(each))
		Expect(time.Since(refused.At)).To(BeNumerically("<", 20*time.Second), "the pause is not over")
		other.eachOnce(each)

		Eventually(func() int { return w.reasonsOf("shop", each)[v1alpha1.ReasonSynced] }).
			WithTimeout(40 * time.Second).Should(Equal(each))
		w.eachOnce(each)
		Expect(w.scm.Violations()).To(BeZero())
		Expect(slices.IndexFunc(w.scm.Calls(), func(c github.Call) bool {
			return c.At.After(refused.At.Add(time.Second)) && c.At.Before(refused.At.Add(20*time.Second))
		})).To(Equal(-1))
		Eventually(w.told).Should(Equal([]string{"Paused", "Resumed"}))
	})
})
