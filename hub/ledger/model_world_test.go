package ledger_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

var (
	modelClusters  = []string{"ap", "eu", "us"}
	modelProviders = []string{"acme1", "acme2"}
	modelObjects   = []string{"a", "b"}
	modelRepos     = []string{"shop", "tools"}
	modelNames     = []string{"build", "build", "test"}
	modelSHAs      = []string{strings.Repeat("1", 40), strings.Repeat("1", 40), strings.Repeat("2", 40), strings.Repeat("3", 40)}
	modelPhases    = []v1alpha1.Phase{"in_progress", "in_progress", "queued", "success", "failure", "canceled"}
)

// unpushed is the commit that is not there at first.
var unpushed = strings.Repeat("3", 40)

// model is the world of one history: members, ScmProviders, an SCM, and the hub.
type model struct {
	t   *rapid.T
	now *clocktesting.FakeClock
	scm *modelSCM
	// truth is what the members hold, and secrets the members that there are.
	truth   *modelView
	secrets map[string]bool
	// joined is when each member's Secret was made.
	joined    map[string]time.Time
	providers map[string]*modelProvider
	// withdrawn are the grants that were taken back, as provider/cluster.
	withdrawn    map[string]bool
	hub, standby *modelHub
	// calm has nothing go wrong, and depth counts calls in calls.
	calm             bool
	depth            int
	version          int
	effects, changes map[ledger.Key]int
	verdicts         map[ledger.Key]modelVerdict
	// forged are the statuses that a user wrote, and the place that each tells of.
	forged map[ledger.ObjectID]ledger.Key
	// blind reports whether a hub went on without a member that it never synced, once the grace
	// was over, or takes a member for new that an earlier hub knew. It does not know what
	// that member's claims had shown.
	blind bool
	// few is the hubs' Ledger.few.
	few int
	// removedBy is the hub that let a removed member go.
	removedBy map[string]*modelHub
	// recorded is what the status of each ScmProvider has of repositories that moved.
	recorded []v1alpha1.MovedRepository
}

// modelProvider is a ScmProvider's settings.
type modelProvider struct {
	aggregate bool
	drift     modelDrift
}

// modelDrift is what a ScmProvider says about changes by others. An interval of zero is never.
type modelDrift struct {
	interval time.Duration
	restore  bool
}

func newModel(t *rapid.T) *model {
	m := &model{
		t: t, now: clocktesting.NewFakeClock(time.Unix(1_000_000, 0)), scm: newModelSCM(), truth: newModelView(),
		secrets: map[string]bool{}, joined: map[string]time.Time{}, providers: map[string]*modelProvider{}, withdrawn: map[string]bool{},
		effects: map[ledger.Key]int{}, changes: map[ledger.Key]int{}, verdicts: map[ledger.Key]modelVerdict{}, forged: map[ledger.ObjectID]ledger.Key{}, removedBy: map[string]*modelHub{},
		few: rapid.SampledFrom([]int{0, 1, ledger.FewClaims}).Draw(t, "few"),
	}
	for _, name := range modelProviders {
		m.providers[name] = &modelProvider{drift: modelDrift{interval: ledger.DefaultInterval}}
	}
	for _, key := range m.everyKey() {
		m.scm.pushed[commitOf(key)] = key.SHA != unpushed
	}
	for _, cluster := range modelClusters {
		m.secrets[cluster], m.joined[cluster] = true, m.now.Now()
		for _, repo := range modelRepos {
			m.setRepo(ledger.ObjectID{cluster, "team-a", repo}, "acme1", "acme/"+repo)
		}
	}
	m.movedBefore()
	m.hub = m.newHub()
	m.hub.lead(ledger.Predecessor{}, true)
	return m
}

func (m *model) logf(format string, args ...any) {
	m.t.Helper()
	m.t.Logf("%s %s%s", m.now.Since(time.Unix(1_000_000, 0)), strings.Repeat("  ", m.depth), fmt.Sprintf(format, args...))
}

func (m *model) failf(format string, args ...any) {
	m.t.Helper()
	m.t.Fatalf(format, args...)
}

// ids are the keys of a map, in order.
func (m *model) ids(of any) []ledger.ObjectID {
	var out []ledger.ObjectID
	switch of := of.(type) {
	case map[ledger.ObjectID]*v1alpha1.CommitStatus:
		out = slices.Collect(maps.Keys(of))
	case map[ledger.ObjectID]*v1alpha1.GitRepo:
		out = slices.Collect(maps.Keys(of))
	case map[ledger.ObjectID]bool:
		out = slices.Collect(maps.Keys(of))
	}
	slices.SortFunc(out, func(a, b ledger.ObjectID) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func inOrder[V any](keys map[ledger.Key]V) []ledger.Key {
	return slices.SortedFunc(maps.Keys(keys), func(a, b ledger.Key) int { return strings.Compare(a.String(), b.String()) })
}

// everyKey are all keys that there can be.
func (m *model) everyKey() []ledger.Key {
	var out []ledger.Key
	for _, repo := range modelRepos {
		for _, sha := range modelSHAs[1:] {
			for _, name := range modelNames[1:] {
				out = append(out, ledger.Key{Kind: "github", Host: "github.com", Repository: "acme/" + repo, SHA: sha, Name: name})
			}
		}
	}
	return out
}

// fleet are the members that have a Secret.
func (m *model) fleet() []string {
	return slices.DeleteFunc(slices.Clone(modelClusters), func(c string) bool { return !m.secrets[c] })
}

func appOf(provider string) string { return strings.TrimPrefix(provider, "acme") }

// granted is what the hub's owner allows. Cluster eu may never write acme/tools
// through acme1.
func (m *model) granted(provider, cluster, repository string) bool {
	if cluster == "eu" && provider == "acme1" && repository == "acme/tools" {
		return false
	}
	return m.providers[provider] != nil && !m.withdrawn[provider+"/"+cluster]
}

// compile makes what the ledger is told of a ScmProvider.
func (m *model) compile(name string) *ledger.ScmProvider {
	p := m.providers[name]
	var grants []v1alpha1.Grant
	for _, cluster := range modelClusters {
		for _, repo := range modelRepos {
			if m.granted(name, cluster, "acme/"+repo) {
				grants = append(grants, v1alpha1.Grant{
					Clusters: []v1alpha1.Pattern{v1alpha1.Pattern(cluster)}, Repositories: m.pathsGranted("acme/" + repo),
				})
			}
		}
	}
	edits := []func(*v1alpha1.ScmProvider){
		ledgertest.Granting(grants...), ledgertest.Aggregating(p.aggregate), ledgertest.Comparing(p.drift.interval, p.drift.restore),
	}
	return ledgertest.Opened(&modelApp{m: m, app: appOf(name)}, append(edits, func(p *v1alpha1.ScmProvider) {
		p.Name, p.Status.MovedRepositories = name, m.recordedMoves()
	})...)
}

// pathsGranted are the paths of a repository that its grant covers.
func (m *model) pathsGranted(repository string) []v1alpha1.Pattern {
	if repository == modelPaths[0] {
		return []v1alpha1.Pattern{v1alpha1.Pattern(modelPaths[0]), v1alpha1.Pattern(modelPaths[1])}
	}
	return []v1alpha1.Pattern{v1alpha1.Pattern(repository)}
}

func (m *model) hubs() []*modelHub {
	if m.standby == nil {
		return []*modelHub{m.hub}
	}
	return []*modelHub{m.hub, m.standby}
}

// reload tells the replicas of a ScmProvider that changed.
func (m *model) reload(provider string) {
	for _, h := range m.hubs() {
		h.told(h.SetScmProvider(provider, m.compile(provider)))
	}
}

// emit has the replicas be told of an object in their time.
func (m *model) emit(cluster string, of int, e modelEvent) {
	for _, h := range m.hubs() {
		if f := h.feeds[cluster]; f != nil {
			f.queues[of] = append(f.queues[of], e)
		}
	}
}

// set makes a CommitStatus be as it is given, in its member; nil is gone.
func (m *model) set(id ledger.ObjectID, cs *v1alpha1.CommitStatus) {
	if cs == nil {
		m.unforge(id)
		m.truth.drop(id)
	} else {
		m.version++
		cs.ResourceVersion = strconv.Itoa(m.version)
		m.truth.objects[id] = cs
	}
	m.emit(id.Cluster, ofStatuses, modelEvent{name: id.Name, status: cs})
}

// setRepo makes a GitRepo, or changes it; without a provider it is gone.
func (m *model) setRepo(id ledger.ObjectID, provider, repository string) {
	var repo *v1alpha1.GitRepo
	if provider != "" {
		repo = &v1alpha1.GitRepo{
			ObjectMeta: metav1.ObjectMeta{Namespace: id.Namespace, Name: id.Name},
			Spec:       v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: provider}, Repository: repository},
		}
		m.truth.repos[id] = repo
	} else {
		delete(m.truth.repos, id)
	}
	if m.hub != nil {
		m.emit(id.Cluster, ofRepos, modelEvent{name: id.Name, repo: repo})
	}
}

// makeObject makes a CommitStatus anew.
func (m *model) makeObject(id ledger.ObjectID, spec v1alpha1.CommitStatusSpec) {
	m.version++
	m.set(id, &v1alpha1.CommitStatus{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: id.Namespace, Name: id.Name, UID: types.UID(fmt.Sprintf("uid-%d", m.version)), Generation: 1,
			CreationTimestamp: metav1.NewTime(m.now.Now().Add(-m.pretended()).Truncate(time.Second)),
		},
		Spec: spec,
	})
}

// pretended is by how much older than it is a member says that an object is.
func (m *model) pretended() time.Duration {
	return pick(m, []time.Duration{0, 0, 0, time.Minute, 1000 * time.Hour, -time.Hour}, "pretended")
}

// advance lets time go by. What is late takes effect on its way.
func (m *model) advance(d time.Duration) {
	until := m.now.Now().Add(d)
	for {
		at := until
		for _, w := range m.scm.late {
			if w.due.Before(at) {
				at = w.due
			}
		}
		m.now.SetTime(at)
		due := m.scm.late
		m.scm.late = nil
		for _, w := range due {
			if w.due.After(at) {
				m.scm.late = append(m.scm.late, w)
				continue
			}
			if w.orphan {
				// The next hub may have written the same already.
				m.changes[w.key]++
			}
			w.commit()
		}
		if at.Equal(until) {
			break
		}
	}
	m.hub.wake()
}

// commitOf is the commit of a key, by which the model knows it.
func commitOf(key ledger.Key) ledger.Key {
	key.Name = ""
	return key
}

// toldKey is the key that a status is about.
func toldKey(st v1alpha1.CommitStatusStatus) ledger.Key {
	key := ledgertest.ScmProvider().KeyTold(st)
	key.Repository = firstPath(key.Repository)
	return key
}
