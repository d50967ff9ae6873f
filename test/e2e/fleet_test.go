package e2e

import (
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
	"github.com/argoproj-labs/commit-status-hub/test/scm/wire"
)

// runURL is where all statuses of a fleet lead while they are in progress.
const runURL = "https://ci.example.com/run/43"

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

func (t task) in(f *forge) string { return f.name + "-" + t.object }

// elsewhere is the commit of the two that the task does not begin on.
func (t task) elsewhere() string {
	if t.sha == testSHA {
		return otherSHA
	}
	return testSHA
}

// changes are how often what each commit shows of a task changes, and ends how many of
// those changes end it.
func (t task) changes() (on map[string]int, ends int) {
	switch {
	case t.moves: // to be canceled is the third change where it began
		return map[string]int{t.sha: 3, t.elsewhere(): 2}, 1
	case t.corrected:
		return map[string]int{t.sha: 4}, 2
	}
	return map[string]int{t.sha: 3}, 1
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
		told.Provider.Seal = ""
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
		canceled := row{left.handle, f.key(t.name), f.words[v1alpha1.PhaseCanceled], f.cut(t.running), runURL}
		g.Expect(left).To(Equal(canceled), "%s where it was", t.in(f))
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

// askedProperly checks that the SCM was asked about nothing but what is claimed, and
// never more often or earlier than it allows.
func (f *forge) askedProperly() {
	GinkgoHelper()
	Expect(f.Violations()).To(BeZero(), "violations of the limits of %s", f.name)
	for _, call := range f.Calls() {
		if f.who != "" && call.Path == f.who {
			continue
		}
		// Bitbucket Data Center lists by the commit alone.
		Expect(call.Path).To(Or(ContainSubstring(f.path), ContainSubstring("/rest/build-status/latest/commits/")), f.name)
		// Which commit a check run is on is in its body, or in the answer.
		Expect(call.Path+string(call.RequestBody)+string(call.ResponseBody)).
			To(Or(ContainSubstring(testSHA), ContainSubstring(otherSHA)), "%s: %s %s", f.name, call.Method, call.Path)
	}
}

var _ = Describe("A fleet", func() {
	all := func(task) bool { return true }
	var w *world
	var forges []*forge
	var tasks []task

	// each does something about each claim on the tasks that are meant, in all SCMs.
	each := func(meant func(task) bool, do func(*forge, task, *clusters.Cluster)) {
		GinkgoHelper()
		for _, t := range tasks {
			for _, c := range t.clusters {
				for _, f := range forges {
					if meant(t) {
						do(f, t, c)
					}
				}
			}
		}
	}
	ask := func(meant func(task) bool) {
		GinkgoHelper()
		each(meant, func(f *forge, t task, c *clusters.Cluster) {
			w.ask(c, t.in(f), v1alpha1.PhaseQueued, func(cs *v1alpha1.CommitStatus) {
				cs.Spec.GitRepoRef.Name, cs.Spec.SHA, cs.Spec.Name = f.name, t.sha, t.name
			})
		})
	}
	change := func(edit func(task, *v1alpha1.CommitStatusSpec)) {
		GinkgoHelper()
		each(all, func(f *forge, t task, c *clusters.Cluster) {
			w.change(c, t.in(f), func(cs *v1alpha1.CommitStatus) { edit(t, &cs.Spec) })
		})
	}
	synced := func(meant func(task) bool, phase v1alpha1.Phase) {
		GinkgoHelper()
		each(meant, func(f *forge, t task, c *clusters.Cluster) { w.synced(c, t.in(f), phase) })
	}

	It("of three clusters and six SCMs has each status shown once, through moves, bad moments and limits", func() {
		// How many times as fast as the real one the time goes by, once pauses are over.
		const fast = 10
		// These have the bad moments. A write that fails may take effect for 15 s, so it is
		// a status of one cluster, which goes on meanwhile.
		const failing, lost, refused = "lint", "build", "deploy"
		const long = "end-to-end tests 🚀 of all that there is to be deployed"
		everywhere := []*clusters.Cluster{hubCluster, euCluster, usCluster}
		local, eu, us := everywhere[:1], everywhere[1:2], everywhere[2:]
		tasks = []task{
			{object: "docs", name: "docs", sha: testSHA, clusters: local, running: "Writing", end: v1alpha1.PhaseCanceled},
			{object: "deploy", name: refused, sha: testSHA, clusters: everywhere, running: "Deploying", end: v1alpha1.PhaseSuccess, moves: true},
			{object: "build", name: lost, sha: testSHA, clusters: everywhere, running: "Building", end: v1alpha1.PhaseSuccess},
			{object: "build-too", name: lost, sha: otherSHA, clusters: everywhere, running: "Building", end: v1alpha1.PhaseFailure, corrected: true},
			{object: "long", name: long, sha: testSHA, clusters: everywhere, running: strings.Repeat("hydrating-", 30), end: v1alpha1.PhaseCanceled},
			{object: "lint", name: failing, sha: testSHA, clusters: eu, running: "Linting", end: v1alpha1.PhaseFailure},
			{object: "scan", name: "scan", sha: otherSHA, clusters: us, running: "Scanning", end: v1alpha1.PhaseSuccess, corrected: true},
			{object: "rollout", name: "rollout", sha: otherSHA, clusters: us, running: "Rolling out", end: v1alpha1.PhaseFailure, moves: true},
		}
		bad := []string{"POST 500", "lost", "POST 429"}
		clk := newFastClock()
		w = newWorld(github.WithClock(clk), github.WithLimits(limitsOfFleet))
		w.members()
		forges = fleet(w, clk)
		w.start(func(o *hub.Options) { o.Clock, o.Workers = clk, 64 })
		first := func(t task) bool { return t.object == "docs" }
		ask(first)
		synced(first, v1alpha1.PhaseQueued)
		// Later than a predecessor's writes could come to light.
		clk.skip(2 * time.Minute)

		By("asking for the others in a bad moment of each SCM")
		for _, f := range forges {
			f.haveABadMoment(failing, lost, refused)
		}
		ask(func(t task) bool { return !first(t) })
		for _, f := range forges {
			Eventually(f.troubles).WithTimeout(time.Minute).Should(ConsistOf(bad), f.name)
		}
		clk.run(fast)
		synced(func(t task) bool { return t.name != failing }, v1alpha1.PhaseQueued)

		By("beginning, with other texts")
		change(func(t task, spec *v1alpha1.CommitStatusSpec) {
			spec.Phase, spec.Description, spec.URL = v1alpha1.PhaseInProgress, t.running, runURL
		})
		synced(all, v1alpha1.PhaseInProgress)

		By("ending, but where the commit moves")
		change(func(t task, spec *v1alpha1.CommitStatusSpec) {
			if t.moves {
				spec.SHA = t.elsewhere()
			} else {
				spec.Phase = t.end
			}
		})
		synced(func(t task) bool { return t.moves }, v1alpha1.PhaseInProgress)

		By("ending the rest, and correcting")
		change(func(t task, spec *v1alpha1.CommitStatusSpec) {
			if spec.Phase = t.end; t.corrected {
				spec.Description, spec.URL = "Corrected", "https://ci.example.com/run/44"
			}
		})
		Eventually(func(g Gomega) {
			for _, f := range forges {
				for _, t := range tasks {
					f.shows(g, w, t)
				}
			}
		}).WithTimeout(time.Minute).Should(Succeed())
		for _, f := range forges {
			Expect(f.troubles()).To(ConsistOf(bad), f.name)
			f.wroteOnce(tasks)
			f.askedProperly()
		}
	})
})
