package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// limitsOfGitHub are those of github.com, which the fake enforces.
var limitsOfGitHub = github.Limits{RequestsPerHour: 5000, PointsPerMinute: 900, WritesPerMinute: 80, MaxInFlight: 100}

// likeGitHub limits a ScmProvider as one for github.com is by default.
func likeGitHub(p *v1alpha1.ScmProvider) {
	p.Spec.RateLimit = &v1alpha1.RateLimit{PointsPerMinute: new(int64(900)), WritesPerMinute: new(int64(80)), RequestsPerHour: new(int64(5000))}
}

// askMany makes n CommitStatuses, half of them done and half queued, whose names
// begin with what.
func (w *world) askMany(c *clusters.Cluster, what string, n int) {
	var group sync.WaitGroup
	for part := range 8 {
		group.Go(func() {
			defer GinkgoRecover()
			for i := part; i < n; i += 8 {
				phase := v1alpha1.PhaseSuccess
				if i%2 == 1 {
					phase = v1alpha1.PhaseQueued
				}
				w.ask(c, fmt.Sprintf("%s-%s-%d", what, phase, i), phase)
			}
		})
	}
	group.Wait()
}

// statuses are the CommitStatuses of a cluster.
func (w *world) statuses(c *clusters.Cluster) []v1alpha1.CommitStatus {
	GinkgoHelper()
	var list v1alpha1.CommitStatusList
	Expect(c.Client.List(w.ctx, &list, client.InNamespace(w.tenant))).To(Succeed())
	return list.Items
}

// readyReasons counts the Ready reasons in a cluster.
func (w *world) readyReasons(c *clusters.Cluster) map[string]int {
	GinkgoHelper()
	out := map[string]int{}
	items := w.statuses(c)
	for i := range items {
		expectInvariants(&items[i])
		if ready := apimeta.FindStatusCondition(items[i].Status.Conditions, v1alpha1.ConditionReady); ready != nil {
			out[ready.Reason]++
		}
	}
	return out
}

// created are the names of the check runs that were made, in order, with when.
func (w *world) created() (names []string, at []time.Time) {
	GinkgoHelper()
	for _, call := range w.scm.Writes() {
		var body struct{ Name string }
		Expect(json.Unmarshal(call.RequestBody, &body)).To(Succeed())
		Expect(call.Method).To(Equal("POST"), body.Name)
		names, at = append(names, body.Name), append(at, call.At)
	}
	return names, at
}

// disregarded tells of the requests that broke a limit or came during a pause.
func (w *world) disregarded() (all []string) {
	for _, c := range w.scm.Calls() {
		if c.Violation != "" {
			all = append(all, c.At.Format(time.StampMilli)+" "+c.Method+" "+c.Path+": "+c.Violation)
		}
	}
	return all
}

var _ = Describe("A backlog", func() {
	It("of two clusters drains in order, without a violation, at 99 % of the limit", Label("measures"), func() {
		if raced {
			Skip("the race detector makes round trips longer than the figure allows: make test runs this without it")
		}
		const each, speed = 1000, 20
		clk := newFastClock()
		w := newWorld(github.WithClock(clk), github.WithLimits(limitsOfGitHub))
		w.secret(map[string][]byte{"privateKey": w.pem})
		w.provider(likeGitHub, func(p *v1alpha1.ScmProvider) { p.Spec.Drift.Interval = "0s" })
		w.repo(hubCluster, "shop", "acme/shop")
		w.members()
		w.start(func(o *hub.Options) { o.Clock = clk })
		// The first one has a token made, at the time that its signer believes in.
		w.ask(hubCluster, "first", v1alpha1.PhaseSuccess)
		w.synced(hubCluster, "first", v1alpha1.PhaseSuccess)
		w.askMany(euCluster, "eu", each)
		w.askMany(usCluster, "us", each)
		Eventually(func() int { return w.readyReasons(euCluster)[v1alpha1.ReasonGitRepoNotFound] }).Should(Equal(each))
		Eventually(func() int { return w.readyReasons(usCluster)[v1alpha1.ReasonGitRepoNotFound] }).Should(Equal(each))
		// Later than a predecessor's writes could come to light.
		clk.skip(2 * time.Minute)
		before := len(w.scm.Calls())

		By("letting all of it be written at once")
		w.repo(euCluster, "shop", "acme/shop")
		w.repo(usCluster, "shop", "acme/shop")
		clk.run(speed)
		Eventually(func() int { return w.readyReasons(usCluster)[v1alpha1.ReasonPending] }).Should(BeNumerically(">", each/2))
		expectTold(w)
		for _, c := range []*clusters.Cluster{euCluster, usCluster} {
			Eventually(func() int { return w.readyReasons(c)[v1alpha1.ReasonSynced] }).
				WithTimeout(3 * time.Minute).WithPolling(time.Second).Should(Equal(each))
		}
		clk.run(1)

		names, at := w.created()
		names, at = names[1:], at[1:]
		Expect(w.scm.Violations()).To(BeZero())
		Expect(w.scm.Calls()[before:]).To(HaveLen(2*each), "one call for each status")
		expectOrder(names, each)
		AddReportEntry("writes in ten minutes, of 800", mostUsed(at), ReportEntryVisibilityAlways)
		Expect(mostUsed(at)).To(BeNumerically(">=", 10*80*99/100), "of ten minutes")
	})
})

// expectTold looks at what users see of a backlog.
func expectTold(w *world) {
	GinkgoHelper()
	for _, cs := range w.statuses(usCluster) {
		ready := apimeta.FindStatusCondition(cs.Status.Conditions, v1alpha1.ConditionReady)
		if ready == nil || ready.Reason != v1alpha1.ReasonPending {
			continue
		}
		Expect(ready.Status).To(Equal(metav1.ConditionUnknown))
		Expect(ready.Message).To(MatchRegexp(`^waiting for 127\.0\.0\.1:\d+ installation 678, about \d+ min$`))
	}
	Eventually(func(g Gomega) {
		installations := w.acme().Status.Installations
		g.Expect(installations).To(HaveLen(1))
		g.Expect(installations[0].Queued).To(BeNumerically(">", 100))
		g.Expect(*installations[0].Used.WritesPerMinute).To(BeNumerically("~", 80, 10))
		g.Expect(*installations[0].Used.WritesPerMinute).To(BeNumerically("<=", 80))
		g.Expect(*installations[0].Remaining).To(BeNumerically("<", 5000))
		g.Expect(installations[0].Account).To(Equal("acme"))
	}).Should(Succeed())
}

// expectOrder checks that clusters took turns, and that in each what is final went
// first. Up to ten requests under way may overtake one another.
func expectOrder(names []string, each int) {
	GinkgoHelper()
	const underWay = 10
	turns, final := map[string]int{}, map[string]int{}
	// The cluster that was seen first had no other one to take turns with.
	lead := 0
	for _, name := range names {
		cluster, rest, _ := strings.Cut(name, "-")
		if turns[cluster]++; len(turns) == 1 {
			lead = turns["eu"] - turns["us"]
		}
		if turns["eu"] < each && turns["us"] < each {
			Expect(turns["eu"]-turns["us"]).To(BeNumerically("~", lead, underWay+2), "clusters take turns")
		}
		if strings.HasPrefix(rest, "success") {
			final[cluster]++
			Expect(turns[cluster]-final[cluster]).To(BeNumerically("<=", underWay), "%s is final and came late", name)
		}
	}
	Expect(final).To(Equal(map[string]int{"eu": each / 2, "us": each / 2}))
}

// mostUsed is the most that ten minutes in a row saw.
func mostUsed(at []time.Time) (most int) {
	first := 0
	for i, t := range at {
		for t.Sub(at[first]) >= 10*time.Minute {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
