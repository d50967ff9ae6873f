package ledger_test

import (
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// pick draws one of several, and gives up the action where there are none.
func pick[T any](m *model, from []T, what string) T {
	m.require(len(from) > 0)
	return rapid.SampledFrom(from).Draw(m.t, what)
}

func (m *model) drawSpec() v1alpha1.CommitStatusSpec {
	spec := v1alpha1.CommitStatusSpec{
		GitRepoRef: v1alpha1.ObjectReference{Name: pick(m, modelRepos, "GitRepo")},
		SHA:        pick(m, modelSHAs, "sha"), Name: pick(m, modelNames, "name"),
	}
	m.drawWant(&spec)
	return spec
}

func (m *model) drawWant(spec *v1alpha1.CommitStatusSpec) {
	spec.Phase = pick(m, modelPhases, "phase")
	spec.Description = pick(m, []string{"", "", "text"}, "description")
	spec.URL = pick(m, []string{"", "", "https://ci/1"}, "url")
}

func specText(s v1alpha1.CommitStatusSpec) string {
	return fmt.Sprintf("%s at %s@%s %s", statusText(providers.Status{Phase: s.Phase, Description: s.Description, URL: s.URL}), s.GitRepoRef.Name, s.SHA[:1], s.Name)
}

func (m *model) createOne() {
	var free []ledger.ObjectID
	for _, cluster := range modelClusters {
		for _, name := range modelObjects {
			if id := (ledger.ObjectID{cluster, "team-a", name}); m.truth.objects[id] == nil {
				free = append(free, id)
			}
		}
	}
	id := pick(m, free, "object")
	m.makeObject(id, m.drawSpec())
	m.logf("> create %s: %s", id, specText(m.truth.objects[id].Spec))
}

// edit changes the spec of a CommitStatus.
func (m *model) edit(change func(*v1alpha1.CommitStatusSpec)) {
	id := pick(m, m.ids(m.truth.objects), "object")
	cs := m.truth.objects[id].DeepCopy()
	change(&cs.Spec)
	m.require(cs.Spec != m.truth.objects[id].Spec)
	cs.Generation++
	m.logf("> change %s: %s", id, specText(cs.Spec))
	m.set(id, cs)
}

func (m *model) modify() { m.edit(m.drawWant) }

func (m *model) move() {
	m.edit(func(spec *v1alpha1.CommitStatusSpec) {
		switch rapid.IntRange(0, 2).Draw(m.t, "what") {
		case 0:
			spec.SHA = pick(m, modelSHAs, "sha")
		case 1:
			spec.Name = pick(m, modelNames, "name")
		default:
			spec.GitRepoRef.Name = pick(m, modelRepos, "GitRepo")
		}
		if m.draw("and more") {
			m.drawWant(spec)
		}
	})
}

func (m *model) deleteOne() {
	id := pick(m, m.ids(m.truth.objects), "object")
	m.logf("> delete %s", id)
	m.set(id, nil)
}

func (m *model) replace() {
	id := pick(m, m.ids(m.truth.objects), "object")
	spec := m.truth.objects[id].Spec
	if m.draw("other spec") {
		spec = m.drawSpec()
	}
	m.logf("> replace %s: %s", id, specText(spec))
	m.set(id, nil)
	m.makeObject(id, spec)
}

func (m *model) changeRepo() {
	id := ledger.ObjectID{pick(m, modelClusters, "cluster"), "team-a", pick(m, modelRepos, "GitRepo")}
	switch rapid.IntRange(0, 3).Draw(m.t, "how") {
	case 0:
		m.logf("> delete GitRepo %s", id)
		m.setRepo(id, "", "")
	case 1:
		m.logf("> restore GitRepo %s", id)
		m.setRepo(id, "acme1", "acme/"+id.Name)
	default:
		provider, repository := pick(m, modelProviders, "provider"), pick(m, m.namesOfRepositories(), "repository")
		m.logf("> GitRepo %s is %s by %s", id, repository, provider)
		m.setRepo(id, provider, repository)
	}
}

func (m *model) changeGrants() {
	provider, cluster := pick(m, modelProviders, "provider"), pick(m, modelClusters, "cluster")
	at := provider + "/" + cluster
	m.withdrawn[at] = !m.withdrawn[at]
	m.logf("> grant of %s withdrawn: %v", at, m.withdrawn[at])
	m.reload(provider)
}

func (m *model) changeProvider() {
	name := pick(m, modelProviders, "provider")
	p := m.providers[name]
	if rapid.Bool().Draw(m.t, "policy") {
		p.aggregate = !p.aggregate
	} else {
		p.drift.restore = rapid.Bool().Draw(m.t, "restore")
		p.drift.interval = pick(m, []time.Duration{0, time.Second, ledger.DefaultInterval}, "interval")
	}
	m.logf("> %s: %+v", name, *p)
	m.reload(name)
}

func (m *model) relist() {
	cluster := pick(m, m.fleet(), "cluster")
	m.logf("> engage %s", cluster)
	for _, h := range m.hubs() {
		h.engage(cluster)
	}
}

func (m *model) removeMember() {
	cluster := pick(m, m.fleet(), "cluster")
	m.logf("> remove member %s", cluster)
	m.secrets[cluster], m.removedBy[cluster] = false, m.hub
	for _, h := range m.hubs() {
		h.disengage(cluster)
	}
	m.recount()
}

func (m *model) returnMember() {
	cluster := pick(m, modelClusters, "cluster")
	m.require(!m.secrets[cluster])
	m.logf("> member %s is back", cluster)
	m.secrets[cluster], m.joined[cluster] = true, m.now.Now()
	m.blind = m.blind || m.hub != m.removedBy[cluster]
	for _, h := range m.hubs() {
		h.engage(cluster)
	}
}

// forge has a member's user write into a status.
func (m *model) forge() {
	id := pick(m, m.ids(m.truth.objects), "object")
	cs := m.truth.objects[id].DeepCopy()
	key, run := pick(m, m.everyKey(), "place"), int64(rapid.IntRange(1, len(m.scm.runs)+1).Draw(m.t, "run"))
	if forged := m.scm.byID(run); forged != nil && m.draw("its place") {
		key = forged.key
	}
	cs.Status = v1alpha1.CommitStatusStatus{
		ObservedGeneration: cs.Generation, IsSynced: true, ScmProvider: pick(m, modelProviders, "provider"),
		Repo: "github.com/" + key.Repository, SHA: key.SHA, ShortSHA: key.SHA[:ledger.ShortSHA], Name: key.Name,
		Phase: pick(m, modelPhases, "phase"), Owner: pick(m, []string{"", "us/team-a/a", "eu/team-a/b"}, "owner"),
		Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: run}},
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonSynced, Message: "forged",
			ObservedGeneration: cs.Generation, LastTransitionTime: metav1.NewTime(m.now.Now().Truncate(time.Second)),
		}},
	}
	// A seal that was right for something else.
	if other := m.truth.objects[pick(m, m.ids(m.truth.objects), "seal")]; other.Status.Provider != nil {
		cs.Status.Provider.Seal = other.Status.Provider.Seal
	}
	m.logf("> forge %s: %s", id, statusSummary(cs.Status))
	m.forged[id] = key
	m.changes[key]++
	m.set(id, cs)
}

func (m *model) request() {
	id := pick(m, m.ids(m.truth.objects), "object")
	m.logf("> request %s", id)
	m.requestFor(id)
}

func (m *model) requestFor(id ledger.ObjectID) {
	cs := m.truth.objects[id].DeepCopy()
	cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: fmt.Sprint(m.version)}
	m.set(id, cs)
}

// strangerEdits has somebody change what the SCM shows.
func (m *model) strangerEdits() {
	run := pick(m, slices.DeleteFunc(slices.Clone(m.scm.runs), func(r *modelRun) bool { return r.app == "" }), "run")
	place := run.modelPlace
	m.scm.touched[place], m.scm.drifted[place.key] = true, true
	m.changes[place.key]++
	switch rapid.IntRange(0, 3).Draw(m.t, "how") {
	case 0:
		m.logf("> stranger deletes %s at %s", run, place.key)
		m.scm.remove(run)
	case 1:
		m.logf("> stranger makes a newer one than %s at %s", run, place.key)
		m.scm.create(place, "somebody's", providers.Status{Phase: pick(m, modelPhases, "phase")})
	default:
		run.Phase, run.Description = pick(m, modelPhases, "phase"), pick(m, []string{"", "text", "edited"}, "description")
		m.scm.changed(place.key)
		m.logf("> stranger edits %s at %s", run, place.key)
	}
}

func (m *model) push() {
	m.require(slices.ContainsFunc(m.everyKey(), func(k ledger.Key) bool { return !m.scm.pushed[commitOf(k)] }))
	m.logf("> push %s", unpushed[:1])
	for _, key := range m.everyKey() {
		m.scm.pushed[commitOf(key)] = true
	}
}

func (m *model) advanceSome() {
	d := pick(m, []time.Duration{time.Second, 5 * time.Second, 14 * time.Second, 16 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 6 * time.Hour}, "time")
	m.logf("> %s later", d)
	m.advance(d)
}

func (m *model) advanceSeconds() {
	m.advance(time.Duration(rapid.IntRange(1, 5).Draw(m.t, "seconds")) * time.Second)
}

func (m *model) deliverSome(h *modelHub) {
	cluster, of := pick(m, modelClusters, "cluster"), rapid.IntRange(ofRepos, ofStatuses).Draw(m.t, "kind")
	coalesced := m.draw("coalesced")
	m.require(h.deliver(cluster, of, coalesced))
}

func (m *model) publishSome() { m.hub.publish(pick(m, m.ids(m.hub.outbox), "object")) }

func (m *model) workSome() {
	key := pick(m, inOrder(m.hub.ready), "key")
	if m.depth > 0 {
		m.hub.work(key)
		return
	}
	m.outlive(func() { m.hub.work(key) })
}

// outlive has a crash lead to a restart.
func (m *model) outlive(work func()) {
	defer func() {
		if v := recover(); v != nil {
			if v != any(crashed{}) {
				panic(v)
			}
			m.depth = 0
			m.crash()
		}
	}()
	work()
}

// crash ends the hub, and another replica takes over.
func (m *model) crash() {
	for i := range m.scm.late {
		m.scm.late[i].orphan = true
	}
	m.takeOver(ledger.Predecessor{Led: true, Unsure: true})
}

func (m *model) takeOver(after ledger.Predecessor) {
	m.forgetUntold()
	loadedFirst := m.calm || m.draw("loaded first")
	if m.standby != nil && (m.calm || m.draw("standby")) {
		m.logf("> the standby leads")
		// It is as far as the last hub was: what that one saw and wrote is never news.
		for _, cluster := range modelClusters {
			for m.standby.deliver(cluster, ofRepos, false) || m.standby.deliver(cluster, ofStatuses, false) {
				continue
			}
		}
		m.hub, m.standby = m.standby, nil
		loadedFirst = true
	} else {
		m.logf("> a new hub leads")
		m.standby = nil
		m.hub = m.newHub()
	}
	m.hub.lead(after, loadedFirst)
}

// forgetUntold notes where a new hub cannot know what the last one wrote: a status
// that seems to be right tells of something earlier.
func (m *model) forgetUntold() {
	for _, cs := range m.truth.objects {
		place := modelPlace{appOf(cs.Status.ScmProvider), toldKey(cs.Status)}
		if m.scm.newest(place, anyRun) == nil {
			m.scm.touched[place] = true
		}
	}
	for _, run := range m.scm.runs {
		lied := false
		for _, cs := range m.truth.objects {
			if run.app == "" || toldKey(cs.Status) != run.key {
				continue
			}
			shown := providers.Status{Phase: cs.Status.Phase, Description: cs.Status.Description, URL: cs.Status.URL}
			right := cs.Status.Provider != nil && cs.Status.Provider.GitHub.CheckRunID == run.id && shown == run.Status
			lied = lied || !right && cs.Status.ObservedGeneration == cs.Generation
		}
		if lied && run == m.scm.newest(run.modelPlace, anyRun) {
			m.scm.touched[run.modelPlace] = true
		}
	}
}

// handOver ends the hub when it has all answers.
func (m *model) handOver() {
	m.require(!m.hub.Unsure())
	m.logf("> the hub ends")
	m.takeOver(ledger.Predecessor{Led: true, Clean: len(m.hub.outbox)+len(m.hub.held) == 0})
}

func (m *model) standBy() {
	m.require(m.standby == nil)
	m.logf("> a standby")
	m.standby = m.newHub()
	m.standby.Loaded()
}

// unsure reports whether somebody else may have changed what is shown at a place, or
// what a status tells of it.
func (m *model) unsure(at modelPlace) bool {
	for _, key := range m.forged {
		if key == at.key {
			return true
		}
	}
	return m.scm.touched[at]
}

// unforge takes in that the hub wrote a status over.
func (m *model) unforge(id ledger.ObjectID) {
	if key, ok := m.forged[id]; ok {
		for _, provider := range modelProviders {
			m.scm.touched[modelPlace{appOf(provider), key}] = true
		}
		delete(m.forged, id)
	}
}
