package syncer

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// StopGrace is how long a request that is under way may still take when the
// hub is asked to stop, so that its answer is not lost.
const StopGrace = time.Second

// Lanes is what a Syncer asks of its queue.
type Lanes interface {
	// Add queues a key.
	Add(ledger.Key)
	// Slot is what a key in work left its lane with.
	Slot(ledger.Key) *ratelimit.Slot
}

// Syncer brings one key forward. Its queue calls it for a key only when the
// installation's bucket can pay for a write.
type Syncer struct {
	Ledger *ledger.Ledger
	// Queue returns the queue that calls the Syncer.
	Queue func() Lanes
	// Apply takes what has to be looked at because of an outcome.
	Apply func(ledger.Changes)
	// Warn makes a Warning event about a CommitStatus of a member.
	Warn func(cluster string, about *v1alpha1.CommitStatus, reason, action, message string)
	// Record stores an SCM's relocated repositories for the next leader.
	Record func(ctx context.Context, moves ledger.Moves) error
	Clock  clock.PassiveClock
	Log    logr.Logger
}

// Reconcile makes the SCM show what the key should show, as of now.
func (s *Syncer) Reconcile(ctx context.Context, key ledger.Key) (ctrl.Result, error) {
	job, wait, ok := s.job(key)
	switch {
	case !ok || job.Wait > 0:
		s.Apply(s.Ledger.Awaiting(key, job))
		return ctrl.Result{RequeueAfter: max(wait, job.Wait)}, nil
	case job.Ends():
		return s.end(ctx, key, job), nil
	case job.Suspended:
		s.Apply(s.Ledger.Suspended(key))
		return ctrl.Result{}, nil
	case job.Verify != nil:
		return s.verify(ctx, key, job), nil
	case job.Account == nil:
		return s.failed(ctx, key, job, s.Clock.Now(), job.Problem), nil
	}
	action := job.Plan()
	if action == ledger.ActNothing && !job.Check {
		s.Apply(s.Ledger.Settled(key, job))
		return ctrl.Result{RequeueAfter: job.NextCheck}, nil
	}
	ctx, cancel := linger(ratelimit.WithSlot(ledger.WithKey(ctx, key), s.Queue().Slot(key)))
	defer cancel()
	defer s.doneAsking(key, job)
	job, permission := s.mayAsk(ctx, key, job, ledger.ClassOf(action))
	if permission.Wait > 0 {
		return s.held(key, job, action, permission), nil
	}
	client, err := s.open(ctx, key, job)
	if err != nil {
		job.Class = ledger.AskAccount
	}
	switch {
	case err != nil && action == ledger.ActNothing:
		return s.driftCheckFailed(key, job, providers.AsError(err)), nil
	case err != nil:
		return s.failed(ctx, key, job, s.Clock.Now(), providers.AsError(err)), nil
	case client == nil:
		return ctrl.Result{}, nil
	case action == ledger.ActNothing:
		return s.checkDrift(ctx, key, job, client), nil
	}
	if action == ledger.ActFind {
		if result, done := s.look(ctx, key, job, client); done {
			return result, nil
		}
	}
	return s.proceed(ctx, key, job, client, action), nil
}

// job returns what is to be done about a key now.
func (s *Syncer) job(key ledger.Key) (job ledger.Job, wait time.Duration, ok bool) {
	s.Ledger.Advance(key)
	return s.Ledger.Job(key)
}

// nextCheck returns in how long a key is compared with its SCM, 0 for never.
func (s *Syncer) nextCheck(key ledger.Key) time.Duration {
	s.Ledger.Advance(key)
	return s.Ledger.NextCheck(key)
}

// proceed does what is to be done for a key now. What was found out until here took time: what
// is written is what is granted and wanted now.
func (s *Syncer) proceed(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client, done ledger.Action) ctrl.Result {
	fresh, _, ok := s.job(key)
	if !ok || !fresh.Same(job) || fresh.Account == nil {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	if done == ledger.ActFind && fresh.Wait > 0 {
		return ctrl.Result{RequeueAfter: fresh.Wait}
	}
	action := fresh.Plan()
	if action == ledger.ActFind {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	fresh, permission := s.mayAsk(ctx, key, fresh, ledger.ClassOf(action))
	switch {
	case permission.Wait > 0:
		return s.held(key, fresh, action, permission)
	case action == ledger.ActReplace:
		return s.replace(ctx, key, fresh, client)
	}
	return s.write(ctx, key, fresh, client, action)
}

// open returns the client for a job, nil where the key has to wait for its turn in
// the lane of an installation that was found just now.
func (s *Syncer) open(ctx context.Context, key ledger.Key, job ledger.Job) (providers.Client, error) {
	repository := job.Verdict.Owner.Repository
	_, known := job.Account.Lane(repository)
	client, err := job.Account.Client(ctx, repository)
	if err != nil {
		return nil, err
	}
	if !known {
		s.Apply(s.Ledger.Opened(key, job))
		s.Queue().Add(key)
		return nil, nil
	}
	return client, nil
}

func (s *Syncer) write(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client, action ledger.Action) ctrl.Result {
	want, sentAt := job.Verdict.Want, s.Clock.Now()
	job.Class, job.SentAt = ledger.AskWrite, sentAt
	if action == ledger.ActNothing {
		return ctrl.Result{RequeueAfter: s.nextCheck(key)}
	}
	shown, err := s.send(ctx, key, job, client, action, want)
	if err != nil {
		return s.failed(ctx, key, job, sentAt, providers.AsError(err))
	}
	s.Log.Info("wrote status", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name,
		"phase", want.Phase, "owner", job.Verdict.Owner.Object.String())
	if !s.showed(key, job, &shown, true) {
		if action == ledger.ActUpdate && job.Account.Next(&shown, want).MakesNew() {
			// GitHub took it and kept the run as it was: it takes a new one.
			s.Queue().Add(key)
			return ctrl.Result{}
		}
		// Said rather than written again and again.
		return s.failed(ctx, key, job, sentAt, providers.Errorf(v1alpha1.ReasonUnsupported,
			"%s took the status but shows %s", key.Host, ledger.Differing(shown.Status, want)))
	}
	return ctrl.Result{RequeueAfter: s.nextCheck(key)}
}

// replace ends what is shown before a new status is made in its place: beside that, it would
// stay unfinished for ever.
func (s *Syncer) replace(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client) ctrl.Result {
	ending, sentAt := job, s.Clock.Now()
	ending.Verdict.Want = providers.Closing(job.Observation.Shown.Status, job.Verdict.Want)
	shown, err := s.send(ctx, key, ending, client, ledger.ActUpdate, ending.Verdict.Want)
	if err != nil {
		return s.failed(ctx, key, ending, sentAt, providers.AsError(err))
	}
	s.Log.Info("ended status to replace it", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name,
		"phase", ending.Verdict.Want.Phase, "owner", job.Verdict.Owner.Object.String())
	s.showed(key, job, &shown, true)
	fresh, _, ok := s.job(key)
	if !ok || !fresh.Same(job) || fresh.Account == nil {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	return s.write(ctx, key, fresh, client, fresh.Plan())
}

// send makes the one request of a write.
func (s *Syncer) send(ctx context.Context, key ledger.Key, job ledger.Job, client providers.Client, action ledger.Action, want providers.Status) (providers.Shown, error) {
	ended, ok := s.Ledger.Writing(key, job)
	if !ok {
		// Its repository was found to be another key's meanwhile.
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonPending, "what is to be written has changed")
	}
	defer ended()
	switch action {
	case ledger.ActCreate:
		return client.Create(ctx, job.Target(key), want)
	case ledger.ActUpdate:
		return client.Update(ctx, job.Target(key), *job.Observation.Shown, want)
	case ledger.ActReplace:
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonUnsupported, "%s does not end the status that has to be replaced", job.Title)
	}
	return providers.Shown{}, providers.Errorf(v1alpha1.ReasonUnsupported, "%s %s", job.Title, job.Account.Obstacle(job.Observation.Shown, want))
}

// showed records what the SCM shows, and reports whether it is what it should be.
func (s *Syncer) showed(key ledger.Key, job ledger.Job, shown *providers.Shown, wrote bool) bool {
	s.Apply(s.Ledger.Showed(key, job, shown, wrote))
	return s.timed(job, shown, wrote)
}

// timed reports whether what is shown is what it should be, and how long that took.
func (s *Syncer) timed(job ledger.Job, shown *providers.Shown, wrote bool) bool {
	if job.Account.Next(shown, job.Verdict.Want) != providers.StepNone {
		return false
	}
	if since := job.DesiredSince(); (wrote || job.Observation.Lost()) && !since.IsZero() {
		transitionSeconds.WithLabelValues(job.Kind, string(job.Verdict.Want.Phase)).Observe(s.Clock.Since(since).Seconds())
	}
	return true
}

// failed records a failure. A pause of the installation is none: the key goes
// back to its lane, which stands still until the pause is over.
func (s *Syncer) failed(ctx context.Context, key ledger.Key, job ledger.Job, sentAt time.Time, err *providers.Error) ctrl.Result {
	if err.Reason == v1alpha1.ReasonPending {
		s.Queue().Add(key)
		return ctrl.Result{}
	}
	if s.relocated(ctx, key, job, err) {
		return ctrl.Result{}
	}
	changes, delay := s.Ledger.Failed(key, job, sentAt, err)
	s.Log.Info("status not written", "repo", key.Host+"/"+key.Repository, "sha", key.SHA, "status", key.Name,
		"reason", err.Reason, "message", err.Message, "retryAfter", delay.String())
	s.Apply(changes)
	if refused := s.Ledger.TakeRenewal(key); refused != nil {
		delay = s.learn(ctx, key, job, refused)
	}
	return ctrl.Result{RequeueAfter: delay}
}

// linger returns a context that outlives ctx by StopGrace.
func linger(ctx context.Context) (context.Context, context.CancelFunc) {
	out, cancel := context.WithTimeout(context.WithoutCancel(ctx), ledger.CallTimeout)
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(StopGrace, cancel) })
	return out, func() {
		stop()
		cancel()
	}
}
