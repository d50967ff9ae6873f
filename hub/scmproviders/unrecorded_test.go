package scmproviders

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	dto "github.com/prometheus/client_model/go"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// recordedCondition is the condition BudgetsRecorded of a ScmProvider.
func (w *budgetWorld) recordedCondition(name string) *metav1.Condition {
	p := &v1alpha1.ScmProvider{}
	w.Expect(w.api.Get(context.Background(), client.ObjectKey{Namespace: "hub", Name: name}, p)).To(Succeed())
	return apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionBudgetsRecorded)
}

// unrecordedNow is what the metric says.
func unrecordedNow(w *budgetWorld) float64 {
	var m dto.Metric
	w.Expect(unrecordedGauge.Write(&m)).To(Succeed())
	return m.GetGauge().GetValue()
}

func TestBudgetsRecord_ReportsInstallationsThatStopForWantOfARecord(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.gap = 30 * time.Second
	round := func(left int64) {
		w.clock.Step(10 * time.Second)
		w.from.set("acme", w.installation(inst678, left))
		w.record(t.Context(), nil)
	}
	round(9)
	w.refuse = errors.New("the API server is away")
	for left := range int64(2) {
		round(left)
		w.Expect(unrecordedNow(w)).To(BeZero())
	}
	w.Expect(w.mayFor(inst678)).To(BeNumerically(">", 0))
	w.Expect(w.events.all()).To(BeEmpty())
	for left := range int64(3) {
		round(left)
		w.Expect(unrecordedNow(w)).To(BeEquivalentTo(1))
	}
	w.Expect(w.mayFor(inst678)).To(BeNumerically("<", 0))
	w.Expect(w.events.all()).To(ConsistOf(And(
		ContainSubstring("ScmProvider acme : Warning NotRecorded: installations are sent nothing until status.installations can be written"),
		ContainSubstring("the API server is away"))))
	w.Expect(w.recordedCondition("acme")).To(BeNil(), "the same API server refuses that as well")

	w.refuse = nil
	w.refuseBudgets = errors.New("denied by a policy")
	round(4)
	w.Expect(w.recordedCondition("acme")).To(And(
		HaveField("Status", metav1.ConditionFalse), HaveField("Reason", v1alpha1.ReasonNotRecorded),
		HaveField("Message", ContainSubstring("denied by a policy")), HaveField("ObservedGeneration", BeEquivalentTo(1))))
	w.Expect(w.recordedCondition("other")).To(BeNil())

	w.refuseBudgets = nil
	round(5)
	w.Expect(w.recordedCondition("acme").Status).To(Equal(metav1.ConditionTrue))
	w.Expect(w.events.all()).To(HaveLen(2))
	w.Expect(w.events.all()[1]).To(ContainSubstring("Normal Recorded"))
	w.Expect(unrecordedNow(w)).To(BeZero())
}

func TestBudgetsRecord_ReportsNothingWhereAnotherScmProviderHasTheRecord(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("acme"), newScmProvider("other"))
	w.refuse, w.refuseOnly = errors.New("no"), "acme"
	for left := range int64(5) {
		w.clock.Step(w.gap)
		w.from.set("acme", w.installation(inst678, left))
		w.from.set("other", w.installation(inst678, left))
		w.record(t.Context(), nil)
	}
	w.Expect(w.events.all()).To(BeEmpty())
}

func TestBudgetsRecord_ForgetsAScmProviderThatIsDeleted(t *testing.T) {
	p := newScmProvider("acme")
	w := newBudgetWorld(t, p)
	w.refuse = errors.New("no")
	w.clock.Step(w.gap)
	w.from.set("acme", w.installation(inst678, 1))
	w.record(t.Context(), nil)
	w.Expect(unrecordedNow(w)).To(BeEquivalentTo(1))
	w.Expect(w.api.Delete(t.Context(), p)).To(Succeed())
	w.record(t.Context(), nil)
	w.Expect(unrecordedNow(w)).To(BeZero())
}

func TestBudgetsRestore_HoldsNoLockOverRequests(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("own", v1alpha1.Installation{ID: inst678}))
	w.restored = make(chan struct{})
	free := func() {
		w.Expect(w.loading.TryLock()).To(BeTrue())
		w.loading.Unlock()
	}
	w.live = interceptor.NewClient(w.api.(client.WithWatch), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			free()
			return c.List(ctx, list, opts...)
		},
	})
	w.onPatch = free
	before := w.patched()
	w.from.set("own", w.installation(inst678, 4000))
	w.Expect(w.Restore(t.Context())).To(Succeed())
	w.Expect(w.patched() - before).To(Equal(1))
}

func TestBudgetsRestore_ReadsAnewWhatIsLoadedMeanwhile(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("own", v1alpha1.Installation{ID: inst678}))
	w.restored = make(chan struct{})
	w.from.order = nil
	lists := 0
	w.live = interceptor.NewClient(w.api.(client.WithWatch), interceptor.Funcs{
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			defer func() {
				if lists++; lists == 1 {
					w.loading.loads++
				}
			}()
			return c.List(ctx, list, opts...)
		},
	})
	w.Expect(w.Restore(t.Context())).To(Succeed())
	w.Expect(lists).To(Equal(2))
	w.Expect(w.from.order).To(Equal([]string{"SetLimits own", "Restore"}), "of the second list")
}

func TestSCMProvidersLoad_CountsOnlyWhatChanges(t *testing.T) {
	p := newScmProvider("acme")
	w := newBudgetWorld(t, p)
	s := opener(w, ledgertest.Kind{})
	load := func() int {
		_, _, err := s.open(t.Context(), client.ObjectKeyFromObject(p))
		w.Expect(err).NotTo(HaveOccurred())
		return s.count()
	}
	w.Expect([]int{load(), load()}).To(Equal([]int{1, 1}))
	w.Expect(w.api.Delete(t.Context(), p)).To(Succeed())
	w.Expect(load()).To(Equal(2))
}

func TestBudgetsRecord_LetsInstallationsSendThatDoNotFitIntoTheStatus(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 10, 14, 4, 0, time.UTC))
	w := newBudgetWorld(t, newScmProvider("acme"))
	w.Budgets.gap = 30 * time.Second
	w.Budgets.clock = clk
	all := ratelimit.NewInstallations(clk)
	scm := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer scm.Close()
	id := func(n int) string { return fmt.Sprintf("github.com/app/1/installation/%d", n) }
	start := func() {
		w.Budgets.installations, w.restored, w.leftOut = all, make(chan struct{}), map[string][]v1alpha1.Installation{}
		w.Expect(w.Restore(t.Context())).To(Succeed())
	}
	// write is how many of the installations may write twice now, once that is on record.
	write := func() (n int) {
		for range 2 {
			for i := range 250 {
				all.SetLimits(id(i), "acme", ratelimit.Limits{WritesPerMinute: 2})
				c := http.Client{Transport: all.Get(id(i)).RoundTripper(nil)}
				ok := true
				for range 2 {
					resp, err := c.Post(scm.URL, "text/plain", nil)
					if ok = ok && err == nil; err == nil {
						_ = resp.Body.Close()
					}
				}
				if ok {
					n++
				}
			}
			w.record(t.Context(), nil)
		}
		return n
	}
	start()
	w.Expect(write()).To(Equal(250))
	w.Expect(w.recorded("acme")).To(HaveLen(ratelimit.MaxRecords))

	clk.Step(time.Second)
	all = ratelimit.NewInstallations(clk)
	start()
	w.Expect(write()).To(BeZero(), "each has used its minute")
	clk.Step(62 * time.Second)
	w.Expect(write()).To(Equal(250))

	w.refuse = errors.New("the API server is away")
	clk.Step(62 * time.Second)
	w.Expect(write()).To(BeZero(), "those that do not fit stop with the others")
}
