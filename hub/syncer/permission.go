package syncer

import (
	"context"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// mayAsk asks whether the SCM may be asked about a key, and has the account learn anew what it
// relies on where that is to come first. It returns the job with what is about to be asked.
func (s *Syncer) mayAsk(ctx context.Context, key ledger.Key, job ledger.Job, class ledger.RequestClass) (ledger.Job, ledger.Permission) {
	permission, changes := s.Ledger.MayAsk(key, job, class)
	s.Apply(changes)
	if permission.Renew != nil {
		s.learn(ctx, key, job, permission.Renew)
	}
	job.Class, job.SentAt = class, s.Clock.Now()
	return job, permission
}

// doneAsking lets another key ask.
func (s *Syncer) doneAsking(key ledger.Key, job ledger.Job) { s.Apply(s.Ledger.DoneAsking(key, job)) }

// held is what becomes of a key that a refusal answers without a request.
func (s *Syncer) held(key ledger.Key, job ledger.Job, action ledger.Action, permission ledger.Permission) ctrl.Result {
	if action == ledger.ActNothing && permission.Final {
		return s.driftCheckFailed(key, job, permission.Refused)
	}
	return ctrl.Result{RequeueAfter: permission.Wait}
}

// learn has the account of a job learn anew what a refused request relied on, and returns in
// how long the key may go on.
func (s *Syncer) learn(ctx context.Context, key ledger.Key, job ledger.Job, refused *providers.Error) time.Duration {
	err := job.Account.Renew(ctx, job.Verdict.Owner.Repository, refused)
	s.Log.Info("credential renewed after a refusal", "repo", key.Host+"/"+key.Repository, "error", errorText(err))
	return s.Ledger.Renewed(key, job, err)
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return providers.AsError(err).Message
}
