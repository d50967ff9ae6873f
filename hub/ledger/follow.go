package ledger

import (
	"context"
	"strings"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// changedFor is for how long a change of what is wanted is not worth another look whether a
// repository is still out of the grants.
const changedFor = 10 * time.Second

// follow has a job whose repository has moved out of the grants say so, unless that has to be
// verified first: it may have moved back.
func (l *Ledger) follow(job *Job, e *entry) {
	owner := &job.Verdict.Owner
	m, ok := job.via.today(owner.Repository)
	believed := movedFor
	if e.failureOf(job.attempt) == nil {
		believed = changedFor
	}
	switch {
	case !ok || job.Account == nil:
	case l.clock.Since(m.verifiedAt) >= believed:
		job.Verify = &m
	default:
		job.Account = nil
		job.Problem = providers.Errorf(v1alpha1.ReasonMoved, "repository %s is %s now, which no grant of ScmProvider %s lets namespace %s of cluster %s write: change spec.repository of the GitRepo, or the grants",
			owner.Repository, m.to, job.via.name, owner.Object.Namespace, owner.Object.Cluster)
	}
}

// verifies has a job that relies on a path of today that is stale have that verified first.
func (l *Ledger) verifies(job *Job, e *entry) {
	if job.Account == nil || job.Verify != nil {
		return
	}
	now := l.clock.Now()
	if path := e.details().relies; path != "" {
		if m, ok := job.via.today(path); ok && m.stale(now) {
			job.Verify = &m
			return
		}
		e.more.relies = ""
		e.tidy()
	}
	repo := l.objectAt(job.Verdict.Owner.Object).repo
	if repo == nil || repo.GitRepo == nil || !job.Check && plan(job.Account, job.Observation, job.Verdict.Want) == ActNothing {
		return
	}
	if m, ok := job.via.today(repo.Spec.Repository); ok && m.stale(now) {
		job.Verify = &m
	}
}

// moved has a key tried again under the path that its repository has today, if that is to be
// believed.
func (s *Syncer) moved(ctx context.Context, key Key, job Job, err *providers.Error) bool {
	if err.MovedTo == "" || job.via == nil {
		return false
	}
	outcome, moves := s.Ledger.Moving(job, err.MovedTo)
	if outcome == MoveRefused {
		return false
	}
	if outcome == MoveLearned {
		// First, so that the next hub knows it before any status tells of it.
		s.recordMoves(ctx, moves)
	}
	owner, changes := s.Ledger.Moved(key, job, err.MovedTo)
	if outcome == MoveLearned {
		s.Log.Info("repository has moved", "repo", key.Host+"/"+job.Verdict.Owner.Repository, "to", err.MovedTo)
		if owner != nil {
			s.Warn(job.Verdict.Owner.Object.Cluster, owner, "RepositoryMoved", "Write", err.Message)
		}
	}
	s.Apply(changes)
	for _, key := range changes.Keys {
		s.Queue().Add(key)
	}
	return true
}

// leads has a key whose reads were redirected be tried again under the path that its repository
// has today, and reports whether that is news. It takes one request.
func (s *Syncer) leads(ctx context.Context, key Key, job Job, client providers.Client) bool {
	path, err := client.Path(ctx)
	if err != nil || strings.EqualFold(path, job.Verdict.Owner.Repository) {
		return false // a write tells it once there is one
	}
	return s.moved(ctx, key, job, providers.Moved(job.Verdict.Owner.Repository, path))
}

// recordMoves keeps for the next hub what has moved. Without that it learns it anew.
func (s *Syncer) recordMoves(ctx context.Context, moves Moves) {
	if err := s.Record(ctx, moves); err != nil {
		s.Log.Error(err, "recording which repositories have moved")
	}
}

// verify asks the SCM once more for the path of today of a repository that has moved, before a
// key relies on it.
func (s *Syncer) verify(ctx context.Context, key Key, job Job) ctrl.Result {
	ctx, cancel := linger(ratelimit.WithSlot(ctx, s.Queue().Slot(key)))
	defer cancel()
	path, err := s.pathOf(ctx, job, job.Verify.from)
	if err == nil && strings.EqualFold(path, job.Verify.from) {
		// It may be its own name again, or another repository's that was made since.
		back, e := s.pathOf(ctx, job, job.Verify.to)
		switch {
		case e == nil && strings.EqualFold(back, path):
			job.Verify = &relocation{from: job.Verify.to}
		case e != nil && e.Reason != v1alpha1.ReasonRepoNotFound:
			err = e // an outage does not say that it is another repository's
		}
	}
	switch {
	case err != nil && err.Reason == v1alpha1.ReasonPending:
	case err != nil:
		s.Ledger.NotVerified(job)
	default:
		s.Apply(s.Ledger.Verified(job, path))
		s.recordMoves(ctx, s.Ledger.MovesOf(job))
	}
	s.Queue().Add(key)
	return ctrl.Result{}
}

// pathOf asks for a repository's path of today.
func (s *Syncer) pathOf(ctx context.Context, job Job, repository string) (string, *providers.Error) {
	client, err := job.Account.Client(ctx, repository)
	if err == nil {
		var path string
		if path, err = client.Path(ctx); err == nil {
			return path, nil
		}
	}
	e := providers.AsError(err)
	if e.MovedTo != "" {
		return e.MovedTo, nil
	}
	return "", e
}
