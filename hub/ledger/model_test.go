package ledger_test

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// histories is how many random histories are tried, unless -rapid.checks is given,
	// and historySeed what they come of, unless -rapid.seed is: `make test` tries the
	// same ones each time, `make torture` others.
	histories   = 2000
	historySeed = 20261125
)

// TestModelOfTheLifeOfStatuses has a worker bring the keys forward, as the hub does, and is a test
// of the ledger all the same: what it holds histories against are the ledger's promises, most of
// which are about several jobs in a row, and after each event it looks into the ledger (Dump,
// IndexProblem, Remembered).
func TestModelOfTheLifeOfStatuses(t *testing.T) {
	byDefault(t, "rapid.checks", fmt.Sprint(histories))
	byDefault(t, "rapid.seed", fmt.Sprint(historySeed))
	rapid.Check(t, history)
}

// byDefault sets a flag for one test, unless it is given.
func byDefault(t *testing.T, name, value string) {
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = flag.Set(name, before) })
}

// history lets things happen at random, then has all be well, and checks that it is.
func history(t *rapid.T) {
	m := newModel(t)
	weights := map[string]struct {
		times  int
		action func()
	}{
		"create": {4, m.createOne}, "modify": {4, m.modify}, "move": {3, m.move}, "delete": {2, m.deleteOne}, "replace": {1, m.replace},
		"repo": {2, m.changeRepo}, "grants": {1, m.changeGrants}, "provider": {2, m.changeProvider},
		"repository moves": {1, m.moveRepository}, "relist": {1, m.relist}, "remove member": {1, m.removeMember}, "return member": {1, m.returnMember},
		"forge": {1, m.forge}, "request": {1, m.request}, "stranger": {2, m.strangerEdits}, "push": {1, m.push},
		"advance": {4, m.advanceSome}, "deliver": {8, func() { m.deliverSome(m.hub) }}, "work": {8, m.workSome}, "publish": {3, m.publishSome},
		"standby is told": {2, func() { m.require(m.standby != nil); m.deliverSome(m.standby) }},
		"settle":          {5, m.settle}, "crash": {1, m.crash}, "hand over": {1, m.handOver}, "standby": {1, m.standBy},
	}
	actions := map[string]func(*rapid.T){}
	for name, each := range weights {
		for i := range each.times {
			actions[fmt.Sprintf("%s %d", name, i)] = func(t *rapid.T) {
				m.t = t
				defer func() {
					if v := recover(); v != nil {
						if v != any(impossible{}) {
							panic(v)
						}
						t.SkipNow()
					}
				}()
				each.action()
			}
		}
	}
	t.Repeat(actions)
	m.t = t
	m.finish()
}

// settle tells the hub of all that there is, and has it do all that can be done now.
func (m *model) settle() {
	m.logf("> settle")
	m.calm = true
	m.run(false)
	m.calm = false
}

// run has the hub do all that there is to do. with time it also waits for what is
// due, apart from comparisons that find nothing wrong.
func (m *model) run(time bool) {
	for range 3000 {
		if m.step() {
			continue
		}
		if !time || !m.toNextDue() {
			return
		}
	}
	m.failf("never comes to rest: ready %v, due %v", m.hub.ready, m.hub.due)
}

func (m *model) step() bool {
	for _, h := range m.hubs() {
		for _, cluster := range modelClusters {
			if h.deliver(cluster, ofRepos, false) || h.deliver(cluster, ofStatuses, false) {
				return true
			}
		}
	}
	for _, key := range inOrder(m.hub.ready) {
		m.hub.work(key)
		return true
	}
	for _, id := range m.ids(m.hub.outbox) {
		m.hub.publish(id)
		return true
	}
	return false
}

// toNextDue goes on to when the next key is due that is not at rest.
func (m *model) toNextDue() bool {
	var next time.Time
	for _, key := range inOrder(m.hub.due) {
		if at := m.hub.due[key]; !m.hub.atRest(key) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	for _, at := range m.hub.held {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	if next.IsZero() {
		return false
	}
	m.advance(max(next.Sub(m.now.Now()), 0))
	return true
}

// atRest reports whether a key waits for nothing but its next comparison.
func (h *modelHub) atRest(key ledger.Key) bool {
	h.Advance(key)
	job, _, ok := h.Job(key)
	return ok && !job.Ends() && job.Account != nil && job.Wait == 0 && job.Asker() == (ledger.ObjectID{}) &&
		job.Plan() == ledger.ActNothing
}

// finish has all be well, and checks what has to be true then.
func (m *model) finish() {
	m.logf("> the end: all is well from now on")
	m.calm = true
	m.withdrawn = map[string]bool{}
	m.restoreRepository()
	for _, p := range modelProviders {
		m.reload(p)
	}
	for _, cluster := range modelClusters {
		for _, repo := range modelRepos {
			if id := (ledger.ObjectID{cluster, "team-a", repo}); m.truth.repos[id] == nil {
				m.setRepo(id, "acme1", "acme/"+repo)
			}
		}
	}
	for key := range m.scm.pushed {
		m.scm.pushed[key] = true
	}
	m.advance(ledger.SettleTime)
	m.run(true)
	m.checkEnd(false)

	m.logf("> the end: all is asked for, once it is verified again what has moved")
	m.advance(ledger.MovedFor)
	for _, id := range m.ids(m.truth.objects) {
		m.requestFor(id)
	}
	m.run(true)
	m.checkEnd(true)

	m.logf("> the end: a restart")
	calls := len(m.scm.effects)
	m.scm.looked = 0
	m.crash()
	m.run(true)
	m.checkEnd(true)
	if n := len(m.scm.effects) - calls; n+m.scm.looked > 0 {
		m.failf("%d writes and %d look-ups for a restart", n, m.scm.looked)
	}
	m.checkDeletion()
}

// checkDeletion deletes all, and checks that nothing is left.
func (m *model) checkDeletion() {
	m.logf("> the end: all is deleted")
	var shown []modelPlace
	for _, key := range m.everyKey() {
		if v, ok := m.truth.verdict(m, key, m.inFleet); ok && m.truth.leftByClaims(m, key, v.app) {
			shown = append(shown, modelPlace{v.app, key})
		}
	}
	for _, id := range m.ids(m.truth.objects) {
		m.set(id, nil)
	}
	m.run(true)
	for _, place := range shown {
		if run := m.scm.newest(place, anyRun); run.ours() && !run.Phase.Terminal() {
			m.failf("%s shows %s when all is deleted", place.key, run)
		}
	}
	if left := m.hub.Remembered(); left != "" {
		m.failf("the ledger remembers %s", left)
	}
}

func (m *model) inFleet(cluster string) bool { return m.secrets[cluster] }

// checkEnd checks that the SCM shows what it should, and that each status says so.
// Unless strict, places that somebody else may have changed are passed over.
func (m *model) checkEnd(strict bool) {
	for _, id := range m.ids(m.truth.objects) {
		if !m.secrets[id.Cluster] {
			continue
		}
		cs := m.truth.objects[id]
		m.checkInvariants(id, cs.Status, cs.Generation)
		ready := apimeta.FindStatusCondition(cs.Status.Conditions, v1alpha1.ConditionReady)
		key, provider, want, reason := m.truth.wish(m, id)
		if reason != "" {
			if ready.Reason != reason {
				m.failf("%s: %s, want %s", id, statusSummary(cs.Status), reason)
			}
			continue
		}
		v, _ := m.truth.verdict(m, key, m.inFleet)
		place := modelPlace{v.app, key}
		if !strict && (m.unsure(place) || m.scm.drifted[key] && ready.Reason == v1alpha1.ReasonDrifted) {
			continue
		}
		run := m.scm.newest(place, anyRun)
		if run == nil || run.Status != v.want {
			m.failf("%s shows %s, want %s of %s", key, run, statusText(v.want), v.owner)
		}
		expected := v1alpha1.CommitStatusStatus{
			ObservedGeneration: cs.Generation, IsSynced: v.want == want, ScmProvider: "acme" + v.app, SHA: key.SHA, Name: key.Name,
			Phase: run.Phase, Description: run.Description, URL: run.URL,
			Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: run.id}},
		}
		if id != v.owner {
			expected.Owner = v.owner.String()
		}
		reason = v1alpha1.ReasonSynced
		switch {
		case v.want == want:
		case v.joined:
			reason = v1alpha1.ReasonAggregated
		case v.want.Phase == want.Phase:
			reason = v1alpha1.ReasonShared
		default:
			reason = v1alpha1.ReasonConflict
		}
		expected.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason}}
		if got, want := statusSummary(cs.Status), statusSummary(expected); got != want {
			m.failf("%s (%s): %s, want %s", id, provider, got, want)
		}
	}
}

// checkInvariants checks what holds for every status at any time.
func (m *model) checkInvariants(id ledger.ObjectID, s v1alpha1.CommitStatusStatus, generation int64) {
	if wrong := statustest.Contradictions(s, generation); len(wrong) > 0 {
		m.failf("%s at generation %d has a status that contradicts itself: %s: %+v", id, generation, strings.Join(wrong, "; "), s)
	}
}

// statusSummary is a status in short.
func statusSummary(s v1alpha1.CommitStatusStatus) string {
	var run int64
	if s.Provider != nil && s.Provider.GitHub != nil {
		run = s.Provider.GitHub.CheckRunID
	}
	reason := ""
	if ready := apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady); ready != nil {
		reason = ready.Reason
	}
	sha := s.SHA
	if len(sha) > 1 {
		sha = sha[:1]
	}
	return fmt.Sprintf("generation %d synced %v %s: run %d %s of %s at %s %s, owner %q", s.ObservedGeneration, s.IsSynced, reason, run,
		statusText(providers.Status{Phase: s.Phase, Description: s.Description, URL: s.URL}), s.ScmProvider, sha, s.Name, s.Owner)
}
