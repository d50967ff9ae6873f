package syncer

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// checkDrift lists the commit of a key and compares all of its keys with what it shows.
func (s *Syncer) checkDrift(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client) ctrl.Result {
	check := s.Ledger.BeginDriftCheck(key, job)
	ctx, redirected := providers.NoteRedirects(ctx)
	listing, err := client.List(ctx, providers.Commit{Repository: job.Verdict.Owner.Repository, SHA: key.SHA}, check.Tag)
	if err != nil {
		return s.driftCheckFailed(key, job, providers.AsError(err))
	}
	changes := s.Ledger.DriftChecked(key, job, check, listing)
	for _, key := range changes.Keys {
		s.Log.Info("status was changed by others; writing it again", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name)
	}
	s.Apply(changes)
	if redirected() && s.leads(ctx, key, job, client) {
		return ctrl.Result{}
	}
	return ctrl.Result{RequeueAfter: s.nextCheck(key)}
}

func (s *Syncer) driftCheckFailed(key ledger.Key, job ledger.Job, err *providers.Error) ctrl.Result {
	if err.Reason == v1alpha1.ReasonPending {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	s.Log.Info("commit not compared", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "reason", err.Reason, "message", err.Message)
	s.Apply(s.Ledger.DriftCheckFailed(key, job, err))
	return ctrl.Result{RequeueAfter: s.nextCheck(key)}
}
