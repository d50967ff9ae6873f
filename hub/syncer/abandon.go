package syncer

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// end ends what is shown at a place that was left, in one attempt: whatever comes of
// it, the claim moves on. A pause is no attempt.
func (s *Syncer) end(ctx context.Context, key ledger.Key, job ledger.Job) ctrl.Result {
	action, want := job.PlanEnd()
	if action == ledger.ActNothing {
		return s.oldPlaceEnded(key, job, job.Observation.Shown)
	}
	ctx, cancel := linger(ratelimit.WithSlot(ledger.WithKey(ctx, key), s.Queue().Slot(key)))
	defer cancel()
	defer s.doneAsking(key, job)
	job, permission := s.mayAsk(ctx, key, job, ledger.ClassOf(action))
	switch {
	case permission.Wait > 0 && permission.Final:
		return s.oldPlaceNotEnded(ctx, key, job, permission.Refused)
	case permission.Wait > 0:
		return ctrl.Result{RequeueAfter: permission.Wait}
	}
	client, err := s.open(ctx, key, job)
	switch {
	case err != nil:
		job.Class = ledger.AskAccount
		return s.oldPlaceNotEnded(ctx, key, job, providers.AsError(err))
	case client == nil:
		return ctrl.Result{}
	}
	if action == ledger.ActFind {
		if result, done := s.lookAtLeft(ctx, key, job, client); done {
			return result
		}
		// Until here took time: it may be claimed again, or granted no more.
		fresh, _, ok := s.job(key)
		if !ok || !fresh.Same(job) || fresh.Account == nil {
			s.Queue().Add(key)
			return ctrl.Result{}
		}
		job, fresh = fresh, job
		job.Class, job.SentAt = ledger.AskWrite, fresh.SentAt
		switch action, want = job.PlanEnd(); action {
		case ledger.ActNothing:
			return s.oldPlaceEnded(key, job, job.Observation.Shown)
		case ledger.ActFind:
			// What was listed does not count for this key any more.
			s.Queue().Add(key)
			return ctrl.Result{}
		}
	}
	shown, err := s.send(ctx, key, job, client, action, want)
	if err != nil {
		return s.oldPlaceNotEnded(ctx, key, job, providers.AsError(err))
	}
	s.Log.Info("ended status", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name,
		"phase", want.Phase, "owner", job.Verdict.Owner.Object.String())
	return s.oldPlaceEnded(key, job, &shown)
}

// lookAtLeft learns what is shown at a place that was left: by one list of its commit where more
// keys of that need a look, or else, and where the list leaves it open, by its name. done says
// that nothing is to be written now, and result then when to come back.
func (s *Syncer) lookAtLeft(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client) (result ctrl.Result, done bool) {
	look, state := s.Ledger.BeginLook(key, job)
	if state == ledger.LookUnderWay {
		return ctrl.Result{}, true
	}
	if state == ledger.LookTogether {
		err := s.listLeft(ctx, key, job, client, look)
		if err != nil && (err.Reason == v1alpha1.ReasonPending || err.Refused != providers.RefusedNothing) {
			return s.oldPlaceNotEnded(ctx, key, job, err), true
		}
		switch wait, alone := s.Ledger.LookedAtLeft(key, job); {
		case wait > 0:
			return ctrl.Result{RequeueAfter: wait}, true
		case err == nil && !alone:
			return ctrl.Result{}, false
		}
	}
	shown, err := client.Find(ctx, job.Target(key))
	if err != nil {
		return s.oldPlaceNotEnded(ctx, key, job, providers.AsError(err)), true
	}
	changes, held := s.Ledger.FoundLeft(key, job, shown)
	s.Apply(changes)
	if held {
		return ctrl.Result{RequeueAfter: job.Settle}, true
	}
	return ctrl.Result{}, false
}

// listLeft lists the commit of a place that was left, for all of its keys that need a look.
func (s *Syncer) listLeft(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client, look ledger.Look) *providers.Error {
	defer func() { s.Apply(s.Ledger.EndLook(look)) }()
	listing, err := client.List(ctx, providers.Commit{Repository: job.Verdict.Owner.Repository, SHA: key.SHA}, "")
	if err != nil {
		return providers.AsError(err)
	}
	s.Apply(s.Ledger.Looked(look, listing))
	return nil
}

func (s *Syncer) oldPlaceEnded(key ledger.Key, job ledger.Job, shown *providers.Shown) ctrl.Result {
	s.Apply(s.Ledger.Left(key, job, shown))
	return ctrl.Result{}
}

// oldPlaceNotEnded records that the attempt failed, and tells it.
func (s *Syncer) oldPlaceNotEnded(ctx context.Context, key ledger.Key, job ledger.Job, err *providers.Error) ctrl.Result {
	if err.Reason == v1alpha1.ReasonPending {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	if s.relocated(ctx, key, job, err) {
		return ctrl.Result{}
	}
	changes, wait := s.Ledger.Refused(key, job, err)
	s.Apply(changes)
	if wait > 0 {
		if refused := s.Ledger.TakeRenewal(key); refused != nil {
			wait = s.learn(ctx, key, job, refused)
		}
		return ctrl.Result{RequeueAfter: wait}
	}
	owner := job.Verdict.Owner
	s.Log.Info("old status not ended", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name,
		"reason", err.Reason, "message", err.Message, "owner", owner.Object.String())
	s.Warn(owner.Object.Cluster, job.Source(), "CancelFailed", "Cancel", providers.Sentence(fmt.Sprintf(
		"%s may still show %s as unfinished on %s of %s: %s", key.Host, key.Name, key.SHA[:ledger.ShortSHA], owner.Repository, err.Message)))
	s.Apply(s.Ledger.NotEnded(key, job, err.Unknown))
	return ctrl.Result{}
}
