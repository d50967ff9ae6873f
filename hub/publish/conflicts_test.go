package publish

import (
	"sync/atomic"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// conflictBench publishes statuses, and says of which reasons events were made.
type conflictBench struct {
	g      *WithT
	clock  *clocktesting.FakeClock
	events conflictEvents
	now    v1alpha1.CommitStatusStatus
	told   chan string
	// over reports whether the conflict is over by the time of the event.
	over atomic.Bool
}

func newConflictBench(t *testing.T) *conflictBench {
	b := &conflictBench{g: NewWithT(t), clock: clocktesting.NewFakeClock(time.Unix(10_000, 0)), told: make(chan string, 100)}
	t.Cleanup(b.events.stop)
	return b
}

func (b *conflictBench) publish(reason string) {
	before := b.now
	b.now = v1alpha1.CommitStatusStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: reason}}}
	emit := func(p ledger.Patch) {
		if was := readyReason(p.Before); was != readyReason(p.Status) {
			b.told <- readyReason(p.Status)
		}
	}
	b.events.published(b.clock, ledger.Patch{ID: ledgertest.ID("us"), Status: b.now, Before: before, Source: ledgertest.CommitStatus()}, emit, func(ledger.Patch) bool { return !b.over.Load() })
}

func readyReason(s v1alpha1.CommitStatusStatus) string {
	if len(s.Conditions) == 0 {
		return ""
	}
	return s.Conditions[0].Reason
}

func (b *conflictBench) silent() {
	b.g.THelper()
	b.g.Consistently(b.told, "20ms").ShouldNot(Receive())
}

func TestConflictEvents_TellOfAConflictThatLasts(t *testing.T) {
	b := newConflictBench(t)
	b.publish(v1alpha1.ReasonSynced)
	b.g.Expect(b.told).To(Receive(Equal(v1alpha1.ReasonSynced)))
	b.publish(v1alpha1.ReasonConflict)
	b.clock.Step(conflictLasts - time.Second)
	b.publish(v1alpha1.ReasonConflict)
	b.silent()
	b.clock.Step(time.Second)
	b.g.Eventually(b.told).Should(Receive(Equal(v1alpha1.ReasonConflict)))
	b.clock.Step(time.Hour)
	b.publish(v1alpha1.ReasonConflict)
	b.publish(v1alpha1.ReasonSynced)
	b.g.Expect(b.told).To(Receive(Equal(v1alpha1.ReasonSynced)))
	b.silent()
}

func TestConflictEvents_TellNothingOfAConflictThatIsOverSoon(t *testing.T) {
	for name, end := range map[string]func(*conflictBench){
		"the claims agree again": func(b *conflictBench) { b.publish(v1alpha1.ReasonSynced) },
		"the object is gone":     func(b *conflictBench) { b.over.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newConflictBench(t)
			b.publish(v1alpha1.ReasonSynced)
			b.g.Expect(b.told).To(Receive())
			for range 3 {
				b.publish(v1alpha1.ReasonConflict)
				b.clock.Step(conflictLasts - time.Second)
				end(b)
			}
			b.clock.Step(time.Hour)
			b.silent()
		})
	}
}

func TestConflictEvents_TellOfEachConflictInItsTime(t *testing.T) {
	b := newConflictBench(t)
	for _, cluster := range []string{"a", "b", "c"} {
		conflict := v1alpha1.CommitStatusStatus{Conditions: []metav1.Condition{{Type: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonConflict}}}
		b.events.published(b.clock, ledger.Patch{ID: ledgertest.ID(cluster), Status: conflict, Source: ledgertest.CommitStatus()},
			func(p ledger.Patch) { b.told <- p.ID.Cluster }, func(ledger.Patch) bool { return true })
		b.clock.Step(4 * time.Second)
	}
	b.g.Eventually(b.told).Should(Receive(Equal("a")))
	b.silent()
	b.clock.Step(2 * time.Second)
	b.g.Eventually(b.told).Should(Receive(Equal("b")))
	b.clock.Step(4 * time.Second)
	b.g.Eventually(b.told).Should(Receive(Equal("c")))
}

func TestLedger_CountsAFailureAsOverruledOnceTheConflictHasLasted(t *testing.T) {
	f := ledgertest.NewFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("failure")))
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("success"), true)
	patch, ok := f.Patch(ledgertest.ID("us"))
	f.G.Expect(ok).To(BeTrue())
	f.Patched(patch, "100")
	f.G.Expect(f.Count().Overruled).To(BeZero())
	f.G.Expect(f.ConflictLasted(patch)).To(BeTrue())
	f.G.Expect(f.Count().Overruled).To(Equal(uint64(1)))
	f.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(2000), ledgertest.Wants("success")))
	f.G.Expect(f.ConflictLasted(patch)).To(BeFalse(), "it is over, though its status is not published yet")
	f.Disengage("us", f.Token["us"])
	f.G.Expect(f.ConflictLasted(patch)).To(BeFalse())
	f.G.Expect(f.Count().Overruled).To(Equal(uint64(1)))
}
