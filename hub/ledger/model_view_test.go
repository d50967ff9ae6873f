package ledger_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// modelView is what somebody knows of the members: all there is, or what a hub was
// told. It is kept and judged in the plainest way.
type modelView struct {
	objects map[ledger.ObjectID]*v1alpha1.CommitStatus
	repos   map[ledger.ObjectID]*v1alpha1.GitRepo
	// last is the key that each object claims, or claimed before something came in the way.
	last map[ledger.ObjectID]ledger.Key
}

func newModelView() *modelView {
	return &modelView{
		objects: map[ledger.ObjectID]*v1alpha1.CommitStatus{}, repos: map[ledger.ObjectID]*v1alpha1.GitRepo{}, last: map[ledger.ObjectID]ledger.Key{},
	}
}

// modelVerdict is what a key should show.
type modelVerdict struct {
	app    string
	want   providers.Status
	owner  ledger.ObjectID
	joined bool
}

// wish is what an object wants and where; reason says why it claims nothing.
func (v *modelView) wish(m *model, id ledger.ObjectID) (key ledger.Key, provider string, want providers.Status, reason string) {
	cs := v.objects[id]
	repo := v.repos[ledger.ObjectID{id.Cluster, id.Namespace, cs.Spec.GitRepoRef.Name}]
	if repo == nil {
		return ledger.Key{}, "", want, v1alpha1.ReasonGitRepoNotFound
	}
	key = ledger.Key{Kind: "github", Host: "github.com", Repository: firstPath(repo.Spec.Repository), SHA: cs.Spec.SHA, Name: cs.Spec.Name}
	provider = repo.Spec.ScmProviderRef.Name
	if !m.granted(provider, id.Cluster, key.Repository) {
		return ledger.Key{}, "", want, v1alpha1.ReasonDenied
	}
	return key, provider, providers.Status{Phase: cs.Spec.Phase, Description: cs.Spec.Description, URL: cs.Spec.URL}, ""
}

// note takes in which keys the objects claim now.
func (v *modelView) note(m *model) {
	for id := range v.objects {
		if key, _, _, reason := v.wish(m, id); reason == "" {
			v.last[id] = key
		}
	}
}

func (v *modelView) drop(id ledger.ObjectID) {
	delete(v.objects, id)
	delete(v.last, id)
}

// holds reports whether an object claims a key, or did before something came in the way.
func (v *modelView) holds(key ledger.Key) bool {
	for _, last := range v.last {
		if last == key {
			return true
		}
	}
	return false
}

// leftByClaims reports whether all objects that a key may be about claim it and may
// write it as an App. If not, it is not certain that somebody may end what is shown.
func (v *modelView) leftByClaims(m *model, key ledger.Key, app string) bool {
	for id, cs := range v.objects {
		at, _, _, reason := v.wish(m, id)
		told := toldKey(cs.Status) == key
		if reason == "" && at == key && !m.granted("acme"+app, id.Cluster, key.Repository) || reason != "" && (told || m.hub.view.last[id] == key) {
			return false
		}
	}
	return true
}

// verdict is what a key should show by the objects of the clusters that count.
func (v *modelView) verdict(m *model, key ledger.Key, counts func(cluster string) bool) (modelVerdict, bool) {
	var claims []ledger.ObjectID
	first := -1
	for _, id := range m.ids(v.objects) {
		at, _, _, reason := v.wish(m, id)
		if reason != "" || at != key || !counts(id.Cluster) {
			continue
		}
		claims = append(claims, id)
		if n := len(claims) - 1; first < 0 || v.older(m, id, claims[first]) {
			first = n
		}
	}
	if first < 0 {
		return modelVerdict{}, false
	}
	owner := claims[first]
	_, provider, want, _ := v.wish(m, owner)
	out := modelVerdict{app: appOf(provider), want: want, owner: owner}
	if len(claims) > 1 && m.providers[provider].aggregate {
		out.joined, out.want = true, v.together(m, claims)
	}
	return out, true
}

// older reports whether a claim is older than another one, which is before it by name.
func (v *modelView) older(m *model, id, other ledger.ObjectID) bool {
	age := func(id ledger.ObjectID) time.Time {
		at := v.objects[id].CreationTimestamp.Time
		if joined := m.joined[id.Cluster]; at.Before(joined) {
			return joined
		}
		return at
	}
	if id.Cluster == other.Cluster && age(id).Equal(age(other)) {
		return v.objects[id].CreationTimestamp.Time.Before(v.objects[other].CreationTimestamp.Time)
	}
	return age(id).Before(age(other))
}

// together is what claims show as one.
func (v *modelView) together(m *model, claims []ledger.ObjectID) providers.Status {
	count, link := map[v1alpha1.Phase]int{}, map[v1alpha1.Phase]ledger.ObjectID{}
	for _, id := range claims {
		_, _, want, _ := v.wish(m, id)
		count[want.Phase]++
		other, taken := link[want.Phase]
		if want.URL != "" && (!taken || v.older(m, id, other)) {
			link[want.Phase] = id
		}
	}
	n := len(claims)
	for _, each := range []struct {
		phase v1alpha1.Phase
		word  string
	}{{"failure", "failed"}, {"in_progress", "in progress"}, {"queued", "queued"}, {"canceled", "canceled"}, {"success", "succeeded"}} {
		some := count[each.phase]
		if some == 0 {
			continue
		}
		out := providers.Status{Phase: each.phase, Description: fmt.Sprintf("%d of %d %s", some, n, each.word)}
		if id, ok := link[each.phase]; ok {
			out.URL = v.objects[id].Spec.URL
		}
		switch {
		case some == n:
			out.Description = fmt.Sprintf("all %d %s", n, each.word)
		case each.phase == "queued":
			out.Phase, out.Description = "in_progress", fmt.Sprintf("%d of %d done", n-some, n)
		}
		return out
	}
	panic("no phase")
}

// recount counts the changes of what each key should show by what the hub knows: as
// many effects are fair.
func (m *model) recount() {
	unsure := m.hub.AnyUnsynced()
	m.blind = m.blind || !m.hub.InGrace() && slices.ContainsFunc(m.fleet(), m.hub.IsUnsynced)
	for _, key := range m.everyKey() {
		v, ok := m.hub.view.verdict(m, key, m.hub.counts)
		before := m.verdicts[key]
		v.owner, v.joined = ledger.ObjectID{}, false
		if v == before || !ok && unsure {
			continue
		}
		m.changes[key]++
		if ok && before.app != "" && before.app != v.app {
			// The old run is ended, and a new one made.
			m.changes[key]++
		}
		m.verdicts[key] = v
	}
}
