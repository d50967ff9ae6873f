package hub

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// movedFor is how long a repository's name of today is believed: another one may be made
	// under the old name.
	movedFor = time.Hour
	// maxMoves is how often in a row a repository may have moved.
	maxMoves = 5
)

// relocation is a repository's path of today, as the SCM said at a time.
type relocation struct {
	to string
	at time.Time
}

// movedTo returns the path of today of a repository that has moved.
func (l *Ledger) movedTo(s *scm, repository string) (to string, ok bool) {
	for range maxMoves {
		m, is := l.moved[s.host+"/"+s.kind.Fold(repository)]
		if !is || l.clock.Since(m.at) >= movedFor {
			break
		}
		repository, ok = m.to, true
	}
	return repository, ok
}

// follow has a job go to the path of today of a repository that has moved, if a grant lets its
// owner write there. Otherwise nothing can be asked, and the job's Problem says so.
func (l *Ledger) follow(job *Job, key Key) {
	owner := &job.Verdict.Owner
	to, ok := l.movedTo(job.via, owner.Repository)
	if !ok || job.Account == nil {
		return
	}
	there := *owner
	there.Key = job.via.keyOf(key.Host, to, key.SHA, owner.Name)
	there.Repository = to
	if checkPath(to) == nil && job.via.allows(there) {
		owner.Repository = to
		return
	}
	job.Account = nil
	job.Problem = providers.Errorf(v1alpha1.ReasonMoved, "repository %s is %s now, which no grant of ScmProvider %s lets namespace %s of cluster %s write: change spec.repository of the GitRepo, or the grants",
		owner.Repository, to, job.via.name, owner.Object.Namespace, owner.Object.Cluster)
}

// Moved records the path of today of a job's repository. It returns false where that was known
// already: then there is nothing to try again.
func (l *Ledger) Moved(key Key, job Job, to string) (owner *v1alpha1.CommitStatus, news bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := job.via.host + "/" + job.via.kind.Fold(job.Verdict.Owner.Repository)
	if before, ok := l.moved[from]; ok && before.to == to && l.clock.Since(before.at) < movedFor {
		return nil, false
	}
	l.moved[from] = relocation{to: to, at: l.clock.Now()}
	if e := l.entryOf(key); e != nil {
		for _, o := range e.claims {
			if o.id() == job.Verdict.Owner.Object {
				owner = o.source
			}
		}
	}
	return owner, true
}

// moved has a key tried again under the path that its repository has today, if that is news.
func (s *syncer) moved(key Key, job Job, err *providers.Error) bool {
	if err.MovedTo == "" {
		return false
	}
	owner, news := s.ledger.Moved(key, job, err.MovedTo)
	if !news {
		return false
	}
	s.log.Info("repository has moved", "repo", key.Host+"/"+job.Verdict.Owner.Repository, "to", err.MovedTo)
	if owner != nil {
		s.warn(job.Verdict.Owner.Object.Cluster, owner, "RepositoryMoved", "Write", err.Message)
	}
	s.queue().Add(key)
	return true
}
