package e2e

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// task is a status that clusters claim alike, on a commit of each SCM.
type task struct {
	// object is the end of the CommitStatuses' names.
	object    string
	name, sha string
	clusters  []*clusters.Cluster
	// running is the description while it is in progress.
	running string
	end     v1alpha1.Phase
	// moves says that it goes on to the other commit while it is in progress, and
	// corrected that its texts change after its end.
	moves, corrected bool
}

// other is the commit of the two that sha is not.
func other(sha string) string {
	if sha == testSHA {
		return otherSHA
	}
	return testSHA
}

// changes are how often what a task shows on each commit changes, and ends how many of
// those changes end it.
func (t task) changes() (on map[string]int, ends int) {
	switch {
	case t.moves:
		return map[string]int{t.sha: 3, other(t.sha): 2}, 1 // canceled at the first, as the third
	case t.corrected:
		return map[string]int{t.sha: 4}, 2
	}
	return map[string]int{t.sha: 3}, 1
}

func (t task) in(f *forge) string { return f.name + "-" + t.object }

// The first write of these meets a failure, has its answer lost, and is told to wait. What
// fails takes effect for 15 s, so the first is claimed by one cluster, which goes on meanwhile.
const failing, lost, refused = "lint", "build", "deploy"

// runURL is where all lead while they are in progress.
const runURL = "https://ci.example.com/run/43"

// haveABadMoment makes each of an SCM's troubles happen once.
func (f *forge) haveABadMoment() {
	writes := func(name string) func(*http.Request) bool {
		return func(r *http.Request) bool {
			body, err := io.ReadAll(r.Body)
			return err == nil && r.Method == http.MethodPost && bytes.Contains(body, []byte(`"`+name+`"`))
		}
	}
	f.Inject(wire.Fault{Match: writes(failing), Status: http.StatusInternalServerError, Body: "<html>Internal Server Error</html>"})
	f.Inject(wire.Fault{Match: writes(lost), DropAfter: true})
	f.Inject(wire.Fault{
		Match: writes(refused), Status: http.StatusTooManyRequests, Body: "Retry later", Header: http.Header{"Retry-After": {"1"}},
	})
}

// joinsFleet makes an SCM's ScmProvider, and a GitRepo in each cluster.
func (f *forge) joinsFleet(w *world) {
	w.create(hubCluster, &corev1.Secret{ObjectMeta: objectMeta(w.namespace, f.name), Data: f.secret})
	w.provider(func(p *v1alpha1.ScmProvider) {
		grants := []v1alpha1.Grant{{Clusters: []v1alpha1.Pattern{"*"}, Repositories: []v1alpha1.Pattern{"acme/**"}}}
		p.Name, p.Spec = f.name, f.spec
		p.Spec.SecretRef.Name, p.Spec.Grants, p.Spec.Drift.Interval = f.name, grants, "0s"
	})
	for _, c := range []*clusters.Cluster{hubCluster, euCluster, usCluster} {
		w.create(c, repoOf(w.tenant, f.name, f.name, f.repository))
	}
}

// of are the rows of one status.
func (f *forge) of(sha, name string) []row {
	return slices.DeleteFunc(f.rows(sha), func(r row) bool { return r.key != f.key(name) })
}

// newest is the row that counts.
func (f *forge) newest(g Gomega, sha, name string) row {
	rows := f.of(sha, name)
	g.Expect(rows).NotTo(BeEmpty(), "%s on %s in %s", name, sha, f.name)
	return rows[len(rows)-1]
}

// cut is a description as the SCM shows it, where characters are bytes.
func (f *forge) cut(description string) string {
	if len(description) <= f.longest {
		return description
	}
	return description[:f.longest-1] + "…"
}

// shows checks that the SCM shows a task as each of its claimants wants it and is told,
// and as canceled where it was before.
func (f *forge) shows(g Gomega, w *world, t task) {
	owners := map[string]int{}
	for _, c := range t.clusters {
		cs := w.get(c, t.in(f))
		spec, told := cs.Spec, cs.Status
		shown := f.newest(g, spec.SHA, spec.Name)
		g.Expect(shown).To(Equal(row{shown.handle, f.key(spec.Name), f.words[spec.Phase], f.cut(spec.Description), spec.URL}), cs.Name)
		g.Expect(told.Conditions).To(HaveExactElements(And(
			HaveField("Type", v1alpha1.ConditionReady), HaveField("Status", metav1.ConditionTrue),
			HaveField("Reason", v1alpha1.ReasonSynced), HaveField("ObservedGeneration", cs.Generation),
		)), cs.Name)
		owners[told.Owner]++
		g.Expect(told).To(Equal(v1alpha1.CommitStatusStatus{
			ObservedGeneration: cs.Generation, IsSynced: true, ScmProvider: f.name,
			Repo: strings.TrimPrefix(f.Root(), "http://") + "/" + f.repository, SHA: spec.SHA, ShortSHA: spec.SHA[:7],
			Name: spec.Name, Description: shown.description, Phase: spec.Phase, URL: shown.url, Provider: &shown.handle,
			UpdatedAt: told.UpdatedAt, Owner: told.Owner, Conditions: told.Conditions,
		}), cs.Name)
	}
	g.Expect(owners).To(HaveKeyWithValue("", 1), "%s has one owner", t.in(f))
	g.Expect(len(owners)).To(BeNumerically("<=", 2), "%s has one owner", t.in(f))
	if t.moves {
		left := f.newest(g, t.sha, t.name)
		g.Expect(left).To(Equal(row{left.handle, f.key(t.name), f.words[v1alpha1.PhaseCanceled], f.cut(t.running), runURL}), "%s where it was", t.in(f))
	}
}

// wroteOnce checks that nothing but the tasks is shown, and that no change of theirs
// took effect more than once.
func (f *forge) wroteOnce(tasks []task) {
	GinkgoHelper()
	changes, kept := 0, 0
	for _, t := range tasks {
		on, ends := t.changes()
		for sha, n := range on {
			rows := f.of(sha, t.name)
			Expect(len(rows)).To(BeNumerically("<=", f.most(n, ends)), "%s on %s in %s", t.name, sha, f.name)
			changes, kept = changes+n, kept+len(rows)
		}
	}
	Expect(len(f.rows(testSHA))+len(f.rows(otherSHA))).To(Equal(kept), "statuses in %s", f.name)
	written := f.Those(func(c *wire.Call) bool {
		return c.Method != http.MethodGet && c.Path != f.who && c.Status < http.StatusBadRequest
	})
	Expect(len(written)).To(BeNumerically("<=", changes), "writes to %s", f.name)
}

// askedProperly checks that the SCM was asked about nothing but what is claimed, for
// nothing that it refuses, and never more often or earlier than it allows.
func (f *forge) askedProperly() {
	GinkgoHelper()
	Expect(f.Violations()).To(BeZero(), "violations of the limits of %s", f.name)
	for _, call := range f.Calls() {
		asked := fmt.Sprintf("%s: %s %s was answered %d", f.name, call.Method, call.Path, call.Status)
		// What is looked up may not be there, which some say so.
		missing := call.Method == http.MethodGet && call.Status == http.StatusNotFound
		Expect(call.Injected || missing || call.Status < http.StatusMultipleChoices).To(BeTrue(), asked)
		if f.who != "" && call.Path == f.who {
			continue
		}
		Expect(call.Path).To(ContainSubstring(f.path), asked)
		// Which commit a check run is on is in its body, or in the answer.
		Expect(call.Path+string(call.RequestBody)+string(call.ResponseBody)).
			To(Or(ContainSubstring(testSHA), ContainSubstring(otherSHA)), asked)
	}
}

var _ = Describe("A fleet", func() {
	It("of three clusters and six SCMs has each status shown once, through moves, bad moments and limits", func() {
		// How many times as fast as the real one the time goes by, once pauses are over.
		const fast = 6
		all := []*clusters.Cluster{hubCluster, euCluster, usCluster}
		hubs, eu, us := all[:1], all[1:2], all[2:]
		const long = "end-to-end tests 🚀 of all that there is to be deployed"
		tasks := []task{
			{object: "docs", name: "docs", sha: testSHA, clusters: hubs, running: "Writing", end: v1alpha1.PhaseCanceled},
			{object: "build", name: lost, sha: testSHA, clusters: all, running: "Building", end: v1alpha1.PhaseSuccess},
			{object: "build-too", name: lost, sha: otherSHA, clusters: all, running: "Building", end: v1alpha1.PhaseFailure, corrected: true},
			{object: "long", name: long, sha: testSHA, clusters: all, running: strings.Repeat("hydrating-", 30), end: v1alpha1.PhaseCanceled},
			{object: "deploy", name: refused, sha: testSHA, clusters: all, running: "Deploying", end: v1alpha1.PhaseSuccess, moves: true},
			{object: "lint", name: failing, sha: testSHA, clusters: eu, running: "Linting", end: v1alpha1.PhaseFailure},
			{object: "scan", name: "scan", sha: otherSHA, clusters: us, running: "Scanning", end: v1alpha1.PhaseSuccess, corrected: true},
			{object: "rollout", name: "rollout", sha: otherSHA, clusters: us, running: "Rolling out", end: v1alpha1.PhaseFailure, moves: true},
		}
		clk := newFastClock()
		w := newWorld(github.WithClock(clk), github.WithLimits(limitsOfAFleet()))
		w.members()
		forges := fleet(w, clk)
		for _, f := range forges {
			f.joinsFleet(w)
		}
		w.start(func(o *hub.Options) { o.Clock, o.Workers = clk, 64 })
		each := func(of []task, do func(*forge, task, *clusters.Cluster)) {
			GinkgoHelper()
			for _, t := range of {
				for _, c := range t.clusters {
					for _, f := range forges {
						do(f, t, c)
					}
				}
			}
		}
		ask := func(f *forge, t task, c *clusters.Cluster) {
			w.ask(c, t.in(f), v1alpha1.PhaseQueued, func(cs *v1alpha1.CommitStatus) {
				cs.Spec.GitRepoRef.Name, cs.Spec.SHA, cs.Spec.Name = f.name, t.sha, t.name
			})
		}
		each(tasks[:1], ask)
		each(tasks[:1], func(f *forge, t task, c *clusters.Cluster) { w.synced(c, t.in(f), v1alpha1.PhaseQueued) })
		// Later than a predecessor's writes could come to light.
		clk.skip(2 * time.Minute)

		By("asking for the others in a bad moment of each SCM")
		for _, f := range forges {
			f.haveABadMoment()
		}
		each(tasks[1:], ask)
		each(tasks, func(f *forge, t task, c *clusters.Cluster) {
			if t.name != failing {
				w.synced(c, t.in(f), v1alpha1.PhaseQueued)
			}
		})
		for _, f := range forges {
			Expect(f.Those(func(c *wire.Call) bool { return c.Injected })).To(HaveLen(3), "bad moments of %s", f.name)
		}

		By("beginning, with other texts")
		clk.run(fast)
		each(tasks, func(f *forge, t task, c *clusters.Cluster) {
			w.change(c, t.in(f), func(cs *v1alpha1.CommitStatus) {
				cs.Spec.Phase, cs.Spec.Description, cs.Spec.URL = v1alpha1.PhaseInProgress, t.running, runURL
			})
		})
		each(tasks, func(f *forge, t task, c *clusters.Cluster) { w.synced(c, t.in(f), v1alpha1.PhaseInProgress) })

		By("ending, but where the commit moves")
		each(tasks, func(f *forge, t task, c *clusters.Cluster) {
			w.change(c, t.in(f), func(cs *v1alpha1.CommitStatus) {
				if cs.Spec.Phase = t.end; t.moves {
					cs.Spec.Phase, cs.Spec.SHA = v1alpha1.PhaseInProgress, other(t.sha)
				}
			})
		})
		each(tasks, func(f *forge, t task, c *clusters.Cluster) {
			if t.moves {
				w.synced(c, t.in(f), v1alpha1.PhaseInProgress)
			}
		})

		By("ending the rest, and correcting")
		each(tasks, func(f *forge, t task, c *clusters.Cluster) {
			w.change(c, t.in(f), func(cs *v1alpha1.CommitStatus) {
				if cs.Spec.Phase = t.end; t.corrected {
					cs.Spec.Description, cs.Spec.URL = "Corrected", "https://ci.example.com/run/44"
				}
			})
		})
		Eventually(func(g Gomega) {
			for _, f := range forges {
				for _, t := range tasks {
					f.shows(g, w, t)
				}
			}
		}).WithTimeout(time.Minute).Should(Succeed())
		for _, f := range forges {
			f.wroteOnce(tasks)
			f.askedProperly()
		}
	})
})
