package hub

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
	r.GitRepo, r.engagement = repo, engagement
	m.drop(r)
	return l.resolveUsers(r)
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

// drop forgets a GitRepo that is gone and that nobody names.
func (m *member) drop(r *gitRepo) {
	if r.GitRepo == nil && len(r.users) == 0 {
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

// sweepRepos drops the GitRepos of a member that its engagement has not seen.
func (l *Ledger) sweepRepos(m *member) Changes {
	var out Changes
	for _, r := range m.repos {
		if r.GitRepo != nil && r.engagement != m.engagement {
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

// setSCM takes a ScmProvider as it is now, nil when it is gone.
func (l *Ledger) setSCM(name string, s *scm) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == nil {
		delete(l.scms, name)
	} else {
		l.epoch++
		s.epoch = l.epoch
		l.scms[name] = s
	}
	var out Changes
	for _, m := range l.members {
		for _, repo := range m.repos {
			if repo.GitRepo != nil && repo.Spec.ScmProviderRef.Name == name {
				out.add(l.resolveUsers(repo))
			}
		}
	}
	return out
}
