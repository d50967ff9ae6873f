package syncer

import (
	"context"
	"strings"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// moved schedules a key again under the path that its repository has today, and reports whether
// that path is accepted.
func (s *Syncer) relocated(ctx context.Context, key ledger.Key, job ledger.Job, err *providers.Error) bool {
	if err.MovedTo == "" {
		return false
	}
	outcome, moves := s.Ledger.Relocating(job, err.MovedTo)
	if outcome == ledger.MoveRefused {
		return false
	}
	if outcome == ledger.MoveLearned {
		// This comes first, so that the next hub knows it before any status mentions it.
		s.recordMoves(ctx, moves)
	}
	owner, changes := s.Ledger.Relocated(key, job, err.MovedTo)
	if outcome == ledger.MoveLearned {
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

// leads schedules a key whose reads were redirected again under the path that its repository
// has today, and reports whether that path is new. It takes one request.
func (s *Syncer) leads(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client) bool {
	path, err := client.Path(ctx)
	if err != nil || strings.EqualFold(path, job.Verdict.Owner.Repository) {
		return false // a write tells it once there is one
	}
	return s.relocated(ctx, key, job, providers.Moved(job.Verdict.Owner.Repository, path))
}

// recordMoves keeps for the next hub what has moved. Without that it learns it anew.
func (s *Syncer) recordMoves(ctx context.Context, moves ledger.Moves) {
	if err := s.Record(ctx, moves); err != nil {
		s.Log.Error(err, "recording which repositories have moved")
	}
}

// verify asks the SCM once more for the path of today of a repository that has moved, before a
// key relies on it.
func (s *Syncer) verify(ctx context.Context, key ledger.Key, job ledger.Job) ctrl.Result {
	ctx, cancel := linger(ratelimit.WithSlot(ledger.WithKey(ctx, key), s.Queue().Slot(key)))
	defer cancel()
	path, err := s.pathOf(ctx, job, job.Verify.From)
	if err == nil && strings.EqualFold(path, job.Verify.From) {
		// It may be its own name again, or another repository's that was made since.
		back, e := s.pathOf(ctx, job, job.Verify.To)
		switch {
		case e == nil && strings.EqualFold(back, path):
			job.Verify = &ledger.Relocation{From: job.Verify.To}
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
func (s *Syncer) pathOf(ctx context.Context, job ledger.Job, repository string) (string, *providers.Error) {
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
