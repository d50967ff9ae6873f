package hub

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// fakeLease is a Lease, and the lock on it of the replica "me".
type fakeLease struct {
	resourcelock.Interface
	record *resourcelock.LeaderElectionRecord
	// during runs while a write is on its way, and err is how it ends.
	during func()
	err    error
}

func (f *fakeLease) Identity() string { return "me" }

func (f *fakeLease) Get(context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	if f.record == nil {
		return nil, nil, apierrors.NewNotFound(coordinationv1.Resource("leases"), LeaseName)
	}
	return f.record, nil, nil
}

func (f *fakeLease) Create(ctx context.Context, r resourcelock.LeaderElectionRecord) error {
	return f.Update(ctx, r)
}

func (f *fakeLease) Update(_ context.Context, r resourcelock.LeaderElectionRecord) error {
	if f.during != nil {
		f.during()
	}
	if f.err == nil {
		f.record = &r
	}
	return f.err
}

// election is a Lead with a renew deadline of 5 s, before its term.
type election struct {
	*Lead
	lease *fakeLease
	clock *clocktesting.FakeClock
}

func newElection() *election {
	e := &election{lease: &fakeLease{}, clock: clocktesting.NewFakeClock(time.Now())}
	e.Lead = &Lead{Interface: e.lease, renewDeadline: 5 * time.Second, now: e.clock.Now}
	return e
}

func heldBy(identity string) resourcelock.LeaderElectionRecord {
	return resourcelock.LeaderElectionRecord{HolderIdentity: identity}
}

// mayFor is for how much longer the replica may write, in steps of 100 ms.
func (e *election) mayFor() (left time.Duration) {
	for e.May(e.clock.Now().Add(left)) {
		left += 100 * time.Millisecond
	}
	return left
}

// see has the lease be another's, "" for nobody's, and the election read it.
func (e *election) see(g *WithT, holder string) {
	record := heldBy(holder)
	e.lease.record = &record
	_, _, err := e.Get(context.Background())
	g.Expect(err).NotTo(HaveOccurred())
}

func TestTheLeaseHoldsFromWhenItsRenewalWasAskedFor(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	slow := func() { e.clock.Step(2 * time.Second) }
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(e.mayFor()).To(Equal(5 * time.Second))
	e.lease.during = slow
	g.Expect(e.Update(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(e.mayFor()).To(Equal(3 * time.Second))
	e.clock.Step(time.Minute)
	g.Expect(e.check()).To(MatchError("this replica's lease was not renewed in time"))
	g.Expect(e.Update(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(e.check()).To(Succeed(), "nobody else had the lease")

	created := newElection()
	created.lease.during = func() { created.clock.Step(2 * time.Second) }
	g.Expect(created.Create(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(created.mayFor()).To(Equal(3 * time.Second))
}

func TestARenewalThatFailedExtendsNothing(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	e.clock.Step(3 * time.Second)
	e.lease.err = errors.New("the API server is away")
	g.Expect(e.Update(t.Context(), heldBy("me"))).NotTo(Succeed())
	g.Expect(e.mayFor()).To(Equal(2 * time.Second))
}

func TestAStandbyMayWriteNothingUntilItHasTheLease(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	g.Expect(e.check()).NotTo(Succeed())
	e.see(g, "other")
	g.Expect(e.check()).NotTo(Succeed())
	e.lease.err = errors.New("conflict")
	g.Expect(e.Update(t.Context(), heldBy("me"))).NotTo(Succeed())
	g.Expect(e.check()).NotTo(Succeed())
	e.lease.err = nil
	g.Expect(e.Update(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(e.check()).To(Succeed())
}

func TestALeaderStopsBeforeItGivesUpTheLease(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	e.lease.during = func() { g.Expect(e.check()).NotTo(Succeed()) }
	g.Expect(e.Update(t.Context(), heldBy(""))).To(Succeed())
	g.Expect(e.lease.record.HolderIdentity).To(BeEmpty())
	g.Expect(e.check()).NotTo(Succeed())
}

func TestAReplicaThatLostItsLeaseNeverLeadsAgain(t *testing.T) {
	for name, lose := range map[string]func(*WithT, *election){
		"another has it": func(g *WithT, e *election) { e.see(g, "other") },
		"another had it": func(g *WithT, e *election) { e.see(g, "") },
		"it was deleted": func(_ *WithT, e *election) { e.lease.record = nil },
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			e := newElection()
			g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
			lose(g, e)
			left := e.lease.record
			again := e.Update
			if left == nil {
				again = e.Create
			}
			g.Expect(again(t.Context(), heldBy("me"))).To(MatchError(errTermOver))
			g.Expect(e.lease.record).To(Equal(left))
			g.Expect(e.check()).NotTo(Succeed())
		})
	}
}

func TestADeposedLeaderLeavesTheLeaseToItsSuccessor(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	g.Expect(e.Create(t.Context(), heldBy("me"))).To(Succeed())
	e.see(g, "other")
	g.Expect(e.Update(t.Context(), heldBy(""))).To(Succeed(), "there is nothing to give up")
	g.Expect(e.lease.record.HolderIdentity).To(Equal("other"))
}

func TestTheLeaseTellsOfThePredecessor(t *testing.T) {
	g := NewWithT(t)
	first := newElection()
	_, _, err := first.Get(t.Context())
	g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
	g.Expect(first.Create(t.Context(), heldBy("me"))).To(Succeed())
	g.Expect(first.predecessor()).To(Equal(ledger.Predecessor{}))

	e := newElection()
	e.see(g, "")
	g.Expect(e.predecessor()).To(Equal(ledger.Predecessor{Led: true}), "it had an answer to all")
	e.see(g, "other")
	e.clock.Step(7 * time.Second)
	g.Expect(e.predecessor()).To(Equal(ledger.Predecessor{Led: true, Unsure: true, Left: 2 * time.Second}))

	deleted := newElection()
	deleted.see(g, "other")
	deleted.clock.Step(7 * time.Second)
	deleted.lease.record = nil
	_, _, err = deleted.Get(t.Context())
	g.Expect(apierrors.IsNotFound(err)).To(BeTrue())
	g.Expect(deleted.Create(t.Context(), heldBy("me"))).To(Succeed())
	deleted.clock.Step(time.Second)
	g.Expect(deleted.predecessor()).To(Equal(ledger.Predecessor{Led: true, Unsure: true, Left: -4 * time.Second}),
		"another replica may have had it since, and have renewed it until it was deleted")

	var none *Lead
	g.Expect(none.predecessor()).To(Equal(ledger.Predecessor{Led: true, Unsure: true}))
}

func TestWithoutLeaderElectionTheHubMayWrite(t *testing.T) {
	g := NewWithT(t)
	lead, err := newLead(&rest.Config{}, Options{}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lead.check()).To(Succeed())
	g.Expect(lead.May(time.Now())).To(BeTrue())
}

func TestTheLeaseKeepsRealTime(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(time.Time{})
	lead, err := newLead(&rest.Config{}, Options{
		LeaderElect: true, Namespace: "hub", RenewDeadline: 5 * time.Second, Clock: clk,
	}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(lead.now()).To(BeTemporally("~", time.Now(), time.Minute))
	g.Expect(lead.now().String()).To(ContainSubstring(" m=+"), "a monotonic reading")
	g.Expect(lead.renewDeadline).To(Equal(5 * time.Second))
	lock := lead.Interface.(*resourcelock.LeaseLock)
	g.Expect(lock.Describe()).To(Equal("hub/commit-status-hub"))
	other, err := newLead(&rest.Config{}, Options{LeaderElect: true}, nil)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(other.Identity()).NotTo(Equal(lead.Identity()))
}

func TestAStandbySendsNothingToAnSCM(t *testing.T) {
	g := NewWithT(t)
	mgr, members := offline(g)
	h, err := setup(t.Context(), mgr, members, newElection().Lead, &ledger.Seals{}, Options{Namespace: "hub", Embedded: true})
	g.Expect(err).NotTo(HaveOccurred())
	all := h.scms.Installations.(*ratelimit.Installations)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:1", nil)
	g.Expect(err).NotTo(HaveOccurred())
	resp, err := all.Get("github.com/app/1/installation/1").RoundTripper(nil).RoundTrip(req)
	if err == nil {
		_ = resp.Body.Close()
	}
	var withheld *ratelimit.Withheld
	g.Expect(errors.As(err, &withheld)).To(BeTrue())
	g.Expect(err).To(MatchError(errNotRenewed))
}

func TestLead_LeaderNamesWhoMayWriteNow(t *testing.T) {
	g := NewWithT(t)
	e := newElection()
	e.lease.record = &resourcelock.LeaderElectionRecord{HolderIdentity: "other"}
	_, _, err := e.Get(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	leads, name := e.leader()
	g.Expect(leads).To(BeFalse())
	g.Expect(name).To(Equal("other"))

	g.Expect(e.Update(t.Context(), resourcelock.LeaderElectionRecord{HolderIdentity: "me"})).To(Succeed())
	leads, name = e.leader()
	g.Expect(leads).To(BeTrue())
	g.Expect(name).To(Equal("me"))

	e.clock.Step(6 * time.Second)
	leads, name = e.leader()
	g.Expect(leads).To(BeFalse(), "its lease was not renewed in time: it may write nothing")
	g.Expect(name).To(BeEmpty(), "who leads now is not known")

	leads, _ = (*Lead)(nil).leader()
	g.Expect(leads).To(BeTrue(), "without leader election")
}
