package hub

import (
	"context"
	"fmt"
	"sync/atomic"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/source"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/providers/github"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// hub is the two loops and what they share.
type hub struct {
	ledger    *Ledger
	publisher *publisher
	// queue is nil until this replica writes.
	queue atomic.Pointer[ratelimit.Queue[Key]]
}

// Run runs a hub on the cluster of config until ctx ends, or until it loses its
// lease: the process must then exit.
func Run(ctx context.Context, config *rest.Config, o Options) error {
	mgr, members, err := newManager(config, o)
	if err != nil {
		return err
	}
	if err := setup(mgr, members, o); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the hub: %w", err)
	}
	return nil
}

func setup(mgr mcmanager.Manager, members *kubeconfigs.Provider, o Options) error {
	clk := clock.RealClock{}
	local := mgr.GetLocalManager()
	installations := ratelimit.NewInstallations(clk)
	h := &hub{ledger: NewLedger(LedgerOptions{Clock: clk, UnheardGrace: o.UnheardGrace, Fleet: members.Names})}
	h.publisher = &publisher{ledger: h.ledger, clock: clk, log: o.Log, outlets: map[string]*outlet{}}
	scms := &scmProviders{
		client:        local.GetClient(),
		namespace:     o.Namespace,
		registry:      providers.NewRegistry(github.NewKind(installations, clk)),
		installations: installations,
		ledger:        h.ledger,
		apply:         h.apply,
		clock:         clk,
		log:           o.Log,
	}
	if err := scms.setup(local); err != nil {
		return err
	}
	if err := h.addSync(local, installations, clk, o); err != nil {
		return err
	}
	if err := mgr.Add(&watcher{ledger: h.ledger, publisher: h.publisher, apply: h.apply, log: o.Log}); err != nil {
		return fmt.Errorf("adding the watcher: %w", err)
	}
	if err := members.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the members: %w", err)
	}
	if err := registerMetrics(h.ledger); err != nil {
		return err
	}
	return addChecks(local)
}

// addSync adds the elected part: the sync controller, which brings its queue to
// life when this replica becomes the leader, and the publisher.
func (h *hub) addSync(mgr manager.Manager, installations *ratelimit.Installations, clk clock.WithTicker, o Options) error {
	sync := &syncer{ledger: h.ledger, queue: h.queue.Load, apply: h.apply, clock: clk, log: o.Log}
	c, err := controller.NewTyped("commit-status", mgr, controller.TypedOptions[Key]{
		Reconciler:              sync,
		MaxConcurrentReconciles: o.Workers,
		SkipNameValidation:      &o.Embedded,
		LogConstructor:          func(*Key) logr.Logger { return o.Log },
		NewQueue: func(name string, limiter workqueue.TypedRateLimiter[Key]) workqueue.TypedRateLimitingInterface[Key] {
			q := ratelimit.NewQueue(ratelimit.QueueOptions[Key]{
				Name: name, Route: h.ledger.Route, Installations: installations, Clock: clk, RateLimiter: limiter,
			})
			// Before the first key can be routed: what is seen now may have been
			// written by a predecessor.
			h.ledger.Begin()
			h.queue.Store(q)
			return q
		},
	})
	if err != nil {
		return fmt.Errorf("making the sync controller: %w", err)
	}
	begin := source.TypedFunc[Key](func(ctx context.Context, _ workqueue.TypedRateLimitingInterface[Key]) error {
		h.publisher.start(ctx)
		h.apply(h.ledger.Begin())
		return nil
	})
	if err := c.Watch(begin); err != nil {
		return fmt.Errorf("starting the sync controller: %w", err)
	}
	return mgr.Add(manager.RunnableFunc(func(ctx context.Context) error {
		<-ctx.Done()
		h.publisher.wait()
		return nil
	}))
}

// apply hands changes to the two loops. Before this replica writes there is
// nothing to do: Begin then hands over everything.
func (h *hub) apply(c Changes) {
	q := h.queue.Load()
	if q == nil {
		return
	}
	for _, key := range c.Keys {
		q.Add(key)
	}
	h.publisher.add(c.Objects)
}

func registerMetrics(ledger *Ledger) error {
	collector := ledgerMetrics{ledger: ledger}
	// A process that runs several hubs, one after another, shows the newest.
	metrics.Registry.Unregister(collector)
	if err := metrics.Registry.Register(collector); err != nil {
		return fmt.Errorf("registering metrics: %w", err)
	}
	return nil
}
