package hub

import (
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// gitRepo is one GitRepo, and the engagement that last saw it.
type gitRepo struct {
	*v1alpha1.GitRepo
	engagement uint64
}

// SetRepo takes a GitRepo as it is now, nil when it is gone.
func (l *Ledger) SetRepo(cluster string, engagement uint64, name types.NamespacedName, repo *v1alpha1.GitRepo) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.current(cluster, engagement) {
		return Changes{}
	}
	id := ObjectID{Cluster: cluster, Namespace: name.Namespace, Name: name.Name}
	if repo == nil {
		delete(l.repos, id)
	} else {
		l.repos[id] = gitRepo{GitRepo: repo, engagement: engagement}
	}
	return l.resolveUsers(id)
}

// sweepRepos drops the GitRepos of a cluster that an engagement has not seen.
func (l *Ledger) sweepRepos(cluster string, engagement uint64) Changes {
	var out Changes
	for id, repo := range l.repos {
		if id.Cluster == cluster && repo.engagement != engagement {
			delete(l.repos, id)
			out.add(l.resolveUsers(id))
		}
	}
	return out
}

func (l *Ledger) resolveUsers(repo ObjectID) Changes {
	var out Changes
	for user := range l.users[repo] {
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
	for id, repo := range l.repos {
		if repo.Spec.ScmProviderRef.Name == name {
			out.add(l.resolveUsers(id))
		}
	}
	return out
}
