package hub

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/hub/scmproviders"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/bitbucket"
	"github.com/argoproj-labs/commit-status-hub/providers/gitea"
	"github.com/argoproj-labs/commit-status-hub/providers/github"
	"github.com/argoproj-labs/commit-status-hub/providers/gitlab"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// hub is the two loops and what they share.
type hub struct {
	lead      *Lead
	ledger    *ledger.Ledger
	publisher *publish.Publisher
	budgets   *scmproviders.Budgets
	seal      *sealSecret
	scms      *scmproviders.Controller
	// sharings reports which members show objects of others.
	sharings *sharingReports
	watcher  *watcher
	// retirement is the leader's.
	retirement retirement
	// queue is nil until this replica writes.
	queue atomic.Pointer[ratelimit.Queue[ledger.Key]]
}

// Run runs a hub on the cluster of config until ctx ends, or until it loses its
// lease: the process must then exit.
func Run(ctx context.Context, config *rest.Config, o Options) error {
	mgr, members, lead, seal, err := newManager(config, o)
	if err != nil {
		return err
	}
	if _, err := setup(ctx, mgr, members, lead, seal, o); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the hub: %w", err)
	}
	return nil
}

func setup(ctx context.Context, mgr mcmanager.Manager, members *kubeconfigs.Provider, lead *Lead, seal *ledger.Seals, o Options) (*hub, error) {
	var clk clock.WithTickerAndDelayedExecution = clock.RealClock{}
	if o.Clock != nil {
		clk = o.Clock
	}
	local := mgr.GetLocalManager()
	installations := ratelimit.NewInstallations(clk)
	installations.Gate(lead.check)
	h := &hub{lead: lead, ledger: ledger.New(ledger.Options{
		Clock: clk, Namespace: o.Namespace, UnsyncedGrace: o.UnheardGrace, Fleet: members.Names, Blocked: installations.Blocked, Serving: members.Serving, Behind: members.Behind, Seals: seal,
		AbandonedLimit: cmp.Or(o.MemberObjectLimit, kubeconfigs.DefaultObjectLimit),
	})}
	members.OnRetain(h.ledger.Retained)
	h.sharings = &sharingReports{ledger: h.ledger, clock: clk, report: members.SetShared, ended: func() bool { return ctx.Err() != nil }}
	h.publisher = publish.New(publish.Options{
		Ledger: h.ledger, Clock: clk, Outdated: members.SetOutdated, Forbidden: members.SetForbidden, Unwanted: members.SetRefused, Log: o.Log,
	})
	lead.keepWhile(h.ledger.Unsure, h.publisher.Unpublished)
	scms := h.newSCMProviders(local, installations, clk, o)
	h.scms = scms
	if err := scms.SetupWithManager(local); err != nil {
		return nil, err
	}
	h.seal = &sealSecret{
		seals: seal, namespace: o.Namespace, client: local.GetClient(), reader: local.GetAPIReader(), clock: clk, log: o.Log,
		gone: make(chan struct{}, 1),
	}
	if err := h.seal.setup(ctx, local); err != nil {
		return nil, err
	}
	h.budgets = scmproviders.NewBudgets(local, scms, h.waiting)
	installations.OnPause(h.budgets.NotePause)
	h.retirement = retirement{names: members.Names, installations: installations, saved: h.ledger, clock: clk}
	if err := h.addSync(local, installations, clk, o); err != nil {
		return nil, err
	}
	last := newLastEvents(clk)
	h.watcher = &watcher{
		ledger: h.ledger, publisher: h.publisher, apply: h.apply, leavesOut: members.LeavesOut, joinedAt: members.JoinedAt, last: last, log: o.Log,
		ending: func() bool { return ctx.Err() != nil },
	}
	if err := mgr.Add(electedWatcher{h.watcher, lead}); err != nil {
		return nil, fmt.Errorf("adding the watcher: %w", err)
	}
	if err := local.Add(heapReleaser{every: releaseInterval}); err != nil {
		return nil, fmt.Errorf("adding the heap releaser: %w", err)
	}
	if err := members.SetupWithManager(mgr); err != nil {
		return nil, fmt.Errorf("setting up the members: %w", err)
	}
	if err := addWeb(local, h, members, installations, last, clk, o); err != nil {
		return nil, err
	}
	if err := registerMetrics(buildMetric(cmp.Or(o.Version, "unknown")), ledgerMetrics{h.ledger}, fleetMetrics{members.Health, last}, installations); err != nil {
		return nil, err
	}
	return h, addChecks(local)
}

// newSCMProviders makes the controller of ScmProviders, for all kinds of SCMs.
func (h *hub) newSCMProviders(mgr manager.Manager, installations *ratelimit.Installations, clk clock.WithTickerAndDelayedExecution, o Options) *scmproviders.Controller {
	return scmproviders.New(scmproviders.Options{
		Client:    electedClient{mgr.GetClient(), h.lead},
		Namespace: o.Namespace,
		Registry: providers.NewRegistry(
			github.NewKind(installations, clk), gitlab.NewKind(installations, clk), gitea.NewKind(installations, clk),
			bitbucket.NewCloudKind(installations, clk), bitbucket.NewDataCenterKind(installations, clk),
		),
		Installations: installations,
		Ledger:        h.ledger,
		Apply:         h.apply,
		Clock:         clk,
		RenewDeadline: o.RenewDeadline,
		Log:           o.Log,
		Events:        mgr.GetEventRecorder(v1alpha1.FieldOwner),
	})
}

// addSync adds the elected part: the sync controller, which brings its queue to
// life when this replica becomes the leader, the record of budgets, which ends
// after it, and the publisher.
func (h *hub) addSync(mgr manager.Manager, installations *ratelimit.Installations, clk clock.WithTicker, o Options) error {
	installations.ShareAmong(o.Workers)
	sync := &syncer.Syncer{Ledger: h.ledger, Queue: func() syncer.Lanes { return h.queue.Load() }, Apply: h.apply, Warn: h.publisher.Warn, Record: h.scms.RecordMoves, Clock: clk, Log: o.Log}
	newQueue := func(_ string, limiter workqueue.TypedRateLimiter[ledger.Key]) workqueue.TypedRateLimitingInterface[ledger.Key] {
		q := ratelimit.NewQueue(ratelimit.QueueOptions[ledger.Key]{
			Metrics: true, Route: h.route, Installations: installations, Clock: clk, RateLimiter: limiter, Notice: h.noticed,
		})
		// Before the first key can be routed: what is seen now may have been
		// written by a predecessor.
		h.begin()
		h.queue.Store(q)
		return q
	}
	c, err := newController(whileLeading{sync, h.lead, o.RetryPeriod}, newQueue, o)
	if err != nil {
		return err
	}
	if err := c.Watch(termStart{h}); err != nil {
		return fmt.Errorf("starting the sync controller: %w", err)
	}
	for _, r := range []manager.Runnable{
		manager.RunnableFunc(func(ctx context.Context) error {
			defer h.budgets.Idle()
			return c.Start(ctx)
		}),
		h.budgets,
		h.retirement,
		manager.RunnableFunc(func(ctx context.Context) error {
			<-ctx.Done()
			h.publisher.Wait()
			return nil
		}),
	} {
		if err := mgr.Add(r); err != nil {
			return fmt.Errorf("adding what only the leader does: %w", err)
		}
	}
	return nil
}

// begin says that this replica writes from now on.
func (h *hub) begin() ledger.Changes { return h.ledger.Begin(h.lead.predecessor()) }

// noticed publishes the wait of keys to their claimants.
func (h *hub) noticed(notices []ratelimit.Notice[ledger.Key]) { h.apply(h.ledger.Waiting(notices)) }

type newQueueFunc = func(string, workqueue.TypedRateLimiter[ledger.Key]) workqueue.TypedRateLimitingInterface[ledger.Key]

// newController makes the controller that works on keys. It is a plain one:
// multicluster-runtime's wrapper takes an error that is joined with "cluster not
// found" for success, and a key is no cluster's.
func newController(r reconcile.TypedReconciler[ledger.Key], newQueue newQueueFunc, o Options) (controller.TypedController[ledger.Key], error) {
	c, err := controller.NewTypedUnmanaged("commit-status", controller.TypedOptions[ledger.Key]{
		Reconciler:              untilStopped{r},
		MaxConcurrentReconciles: o.Workers,
		SkipNameValidation:      &o.Embedded,
		LogConstructor:          func(*ledger.Key) logr.Logger { return o.Log },
		NewQueue:                newQueue,
	})
	if err != nil {
		return nil, fmt.Errorf("making the sync controller: %w", err)
	}
	return c, nil
}

// untilStopped begins nothing when the hub is asked to stop: not even what a worker
// is handed when the start of the controller was interrupted.
type untilStopped struct {
	reconcile.TypedReconciler[ledger.Key]
}

// Reconcile works on a key while the hub is not stopped.
func (u untilStopped) Reconcile(ctx context.Context, key ledger.Key) (reconcile.Result, error) {
	select {
	case <-ctx.Done():
		return reconcile.Result{}, nil
	default:
		return u.TypedReconciler.Reconcile(ctx, key)
	}
}

// waiting returns the number of keys that wait for each installation.
func (h *hub) waiting() map[string]int {
	if q := h.queue.Load(); q != nil {
		return q.Depths()
	}
	return nil
}

// route tells the queue where a key that is added now waits.
func (h *hub) route(key ledger.Key) ratelimit.Route {
	h.ledger.Advance(key)
	return h.ledger.Route(key)
}

// apply hands changes to the two loops. Before this replica writes there is
// nothing to do: Begin then hands over everything.
func (h *hub) apply(c ledger.Changes) {
	h.sharings.note(c.Sharing)
	h.scms.Note(c.ScmProviders)
	q := h.queue.Load()
	if q == nil {
		return
	}
	for _, key := range c.Keys {
		q.Add(key)
	}
	h.publisher.Add(c.Objects)
}

// registerMetrics adds what is read off the hub's own state at each scrape.
func registerMetrics(collectors ...prometheus.Collector) error {
	for _, c := range collectors {
		// A process that runs several hubs, one after another, shows the newest.
		metrics.Registry.Unregister(c)
		if err := metrics.Registry.Register(c); err != nil {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}
