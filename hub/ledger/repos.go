package ledger

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// gitRepo is what CommitStatuses of a namespace call a GitRepo.
type gitRepo struct {
	name types.NamespacedName
	// GitRepo is nil while there is none of that name, and engagement the one that last
	// saw it.
	*v1alpha1.GitRepo
	engagement uint64
	// hidden reports whether it is left out of what is watched: this is how it was last.
	hidden bool
	// users are the CommitStatuses that name it.
	users map[*object]struct{}
}

// SetRepo takes a GitRepo as it is now, nil when it is gone.
func (l *Ledger) SetRepo(cluster string, engagement uint64, name types.NamespacedName, repo *v1alpha1.GitRepo) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.current(cluster, engagement)
	if m == nil {
		return Changes{}
	}
	r := m.repo(name)
	changed := repo != nil && (r.GitRepo == nil || r.UID != repo.UID || r.Generation != repo.Generation)
	r.GitRepo, r.engagement, r.hidden = repo, engagement, false
	m.drop(r)
	out := l.resolveUsers(r)
	if changed {
		for user := range r.users {
			l.noteNewRepo(user)
		}
	}
	return out
}

// HideRepo takes in that a GitRepo is watched no longer, and may be there. CommitStatuses
// that name it keep it as it was; one that none names is dropped.
func (l *Ledger) HideRepo(cluster string, engagement uint64, name types.NamespacedName) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.current(cluster, engagement)
	if m == nil {
		return
	}
	r := m.repo(name)
	r.hidden = true
	m.drop(r)
}

// repo is the GitRepo of a name, and made where there is none.
func (m *member) repo(name types.NamespacedName) *gitRepo {
	r := m.repos[name]
	if r == nil {
		r = &gitRepo{name: name, users: map[*object]struct{}{}}
		m.repos[name] = r
	}
	return r
}

// drop removes a GitRepo that is gone or hidden, unless a CommitStatus names it.
func (m *member) drop(r *gitRepo) {
	if (r.GitRepo == nil || r.hidden) && len(r.users) == 0 {
		delete(m.repos, r.name)
	}
}

// use notes which GitRepo an object names now.
func (m *member) use(o *object) {
	now := m.repo(types.NamespacedName{Namespace: o.source.Namespace, Name: o.source.Spec.GitRepoRef.Name})
	if o.repo != now {
		m.unuse(o)
	}
	o.repo = now
	now.users[o] = struct{}{}
}

// unuse has an object name no GitRepo any more.
func (m *member) unuse(o *object) {
	if o.repo == nil {
		return
	}
	delete(o.repo.users, o)
	m.drop(o.repo)
	o.repo = nil
}

// sweepRepos drops the GitRepos of a member that its engagement has not seen, but for hidden ones.
func (l *Ledger) sweepRepos(m *member) Changes {
	var out Changes
	for _, r := range m.repos {
		if r.GitRepo != nil && !r.hidden && r.engagement != m.engagement {
			r.GitRepo = nil
			m.drop(r)
			out.add(l.resolveUsers(r))
		}
	}
	return out
}

func (l *Ledger) resolveUsers(repo *gitRepo) Changes {
	var out Changes
	for user := range repo.users {
		out.add(l.resolve(user))
	}
	return out
}
