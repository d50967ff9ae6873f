package syncer

import (
	"context"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// look learns what the SCM shows at a key: by one list of its commit where more keys of that
// need a look, or else by its name. done says that nothing is to be written now, and result
// then when to come back.
func (s *Syncer) look(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client) (result ctrl.Result, done bool) {
	look, state := s.Ledger.BeginLook(key, job)
	switch state {
	case ledger.LookUnderWay:
		return ctrl.Result{}, true
	case ledger.LookTogether:
		return s.list(ctx, key, job, client, look)
	}
	ctx, redirected := providers.NoteRedirects(ctx)
	shown, err := client.Find(ctx, job.Target(key))
	if err != nil {
		return s.failed(ctx, key, job, s.Clock.Now(), providers.AsError(err)), true
	}
	s.found(key, job, s.Ledger.Found(key, job, shown))
	return ctrl.Result{}, redirected() && s.leads(ctx, key, job, client)
}

// list looks at all keys of a commit that need it.
func (s *Syncer) list(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client, look ledger.Look) (result ctrl.Result, done bool) {
	defer func() { s.Apply(s.Ledger.EndLook(look)) }()
	ctx, redirected := providers.NoteRedirects(ctx)
	listing, err := client.List(ctx, providers.Commit{Repository: job.Verdict.Owner.Repository, SHA: key.SHA}, "")
	if err != nil {
		failure := providers.AsError(err)
		s.Apply(s.Ledger.LookFailed(look, key, s.Clock.Now(), failure))
		return s.failed(ctx, key, job, s.Clock.Now(), failure), true
	}
	s.found(key, job, s.Ledger.Looked(look, listing))
	return ctrl.Result{}, redirected() && s.leads(ctx, key, job, client)
}

// found hands on what came of a look. A write whose answer was lost is timed once it is found.
func (s *Syncer) found(key ledger.Key, job ledger.Job, changes ledger.Changes) {
	s.Apply(changes)
	if fresh, _, ok := s.job(key); ok && !fresh.Ends() && fresh.Observation.Certain() {
		s.timed(job, fresh.Observation.Shown, false)
	}
}
