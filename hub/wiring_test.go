package hub

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/client-go/rest"
	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/hub/scmproviders"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// offline makes a manager of members whose API server does not answer.
func offline(g *WithT) (mcmanager.Manager, *kubeconfigs.Provider) {
	scheme, err := Scheme()
	g.Expect(err).NotTo(HaveOccurred())
	members := kubeconfigs.New(kubeconfigs.Options{Namespace: "hub", Scheme: scheme, Clock: clock.RealClock{}, Log: logr.Discard()})
	mgr, err := mcmanager.New(&rest.Config{Host: "https://127.0.0.1:1"}, members, manager.Options{
		Scheme: scheme, Metrics: server.Options{BindAddress: "0"}, Controller: config.Controller{SkipNameValidation: new(true)},
	})
	g.Expect(err).NotTo(HaveOccurred())
	return mgr, members
}

func TestAHubThatCannotReadTheBudgetsEnds(t *testing.T) {
	g := NewWithT(t)
	all, _ := offline(g)
	mgr, clk := all.GetLocalManager(), clocktesting.NewFakeClock(time.Now())
	h := &hub{ledger: ledger.New(ledger.Options{Clock: clk, Fleet: func() ([]string, bool) { return nil, true }})}
	h.publisher = publish.New(publish.Options{Ledger: h.ledger, Clock: clk, Log: logr.Discard()})
	installations := ratelimit.NewInstallations(clk)
	h.budgets = scmproviders.NewBudgets(mgr, scmproviders.New(scmproviders.Options{Namespace: "hub", Installations: installations, Clock: clk, Log: logr.Discard()}), h.waiting)
	h.retirement = retirement{installations: installations, saved: h.ledger, clock: clk}
	g.Expect(h.addSync(mgr, installations, clk, Options{Workers: 1, Embedded: true, Log: logr.Discard()})).To(Succeed())

	ended := make(chan error, 1)
	go func() { ended <- mgr.Start(t.Context()) }()
	var err error
	g.Eventually(ended, 20*time.Second).Should(Receive(&err))
	g.Expect(err).To(MatchError(ContainSubstring("reading what is left of the budgets")))
	g.Expect(h.publisher.Started()).To(BeFalse(), "nothing was to be written")
}

func TestOneHostNeverTakesMoreThanHalfOfTheWorkers(t *testing.T) {
	g := NewWithT(t)
	all, _ := offline(g)
	clk := clocktesting.NewFakeClock(time.Now())
	h := &hub{ledger: ledger.New(ledger.Options{Clock: clk}), publisher: publish.New(publish.Options{}), budgets: &scmproviders.Budgets{}}
	installations := ratelimit.NewInstallations(clk)
	g.Expect(h.addSync(all.GetLocalManager(), installations, clk, Options{Workers: 4, Embedded: true, Log: logr.Discard()})).To(Succeed())

	q := ratelimit.NewQueue(ratelimit.QueueOptions[string]{
		Clock: clk, Installations: installations, Route: func(id string) ratelimit.Route { return ratelimit.Route{Lane: id} },
	})
	for _, id := range []string{"hung.example.com/1", "hung.example.com/2", "hung.example.com/3", "other.example.com/1"} {
		q.Add(id)
	}
	got := make(chan string, 4)
	go func() {
		for id, shutdown := q.Get(); !shutdown; id, shutdown = q.Get() {
			got <- id
		}
		close(got)
	}()
	g.Eventually(got).Should(HaveLen(3))
	g.Consistently(got, 50*time.Millisecond).Should(HaveLen(3))
	q.ShutDown()
	var left []string
	for id := range got {
		left = append(left, id)
	}
	g.Expect(left).To(ConsistOf("hung.example.com/1", "hung.example.com/2", "other.example.com/1"))
}

func TestNothingBeginsOnceTheHubStops(t *testing.T) {
	g := NewWithT(t)
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	r := untilStopped{reconcile.TypedFunc[ledger.Key](func(context.Context, ledger.Key) (ctrl.Result, error) {
		calls++
		return ctrl.Result{}, nil
	})}
	_, _ = r.Reconcile(ctx, ledger.Key{})
	cancel()
	_, _ = r.Reconcile(ctx, ledger.Key{})
	g.Expect(calls).To(Equal(1))
}

func TestTheHubTellsTimeByTheClockOfItsOptions(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Now())
	mgr, members := offline(g)
	h, err := setup(t.Context(), mgr, members, nil, &ledger.Seals{}, Options{Namespace: "hub", Clock: clk, RenewDeadline: time.Minute, Embedded: true, Log: logr.Discard()})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(h.ledger.Begin(ledger.Predecessor{})).To(Equal(ledger.Changes{}))
	g.Expect(h.ledger.Started()).To(Equal(clk.Now()))
	g.Expect(h.publisher.Clock).To(BeIdenticalTo(clk))
	g.Expect(h.scms.Clock).To(BeIdenticalTo(clk))
	g.Expect(h.scms.RenewDeadline).To(Equal(time.Minute))
}

func TestAStopLeavesTimeForTheLastRecord(t *testing.T) {
	NewWithT(t).Expect(syncer.StopGrace + scmproviders.LastRecordTimeout).To(BeNumerically("<", shutdownTimeout))
}
