package scmproviders

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

func TestEveryRecordOfEveryScmProviderIsRestored(t *testing.T) {
	own := newScmProvider("own", v1alpha1.Installation{ID: inst678}, v1alpha1.Installation{ID: "ghe.example.com/app/1"})
	own.Spec.RateLimit = &v1alpha1.RateLimit{WritesPerMinute: ptr.To[int64](3)}
	foreign := newScmProvider("foreign", v1alpha1.Installation{ID: "github.com/app/9"})
	foreign.Namespace = "elsewhere"
	w := newBudgetWorld(t, own, newScmProvider("shared", v1alpha1.Installation{ID: inst678, InFlight: 2}), newScmProvider("new"), foreign)

	w.Expect(w.from.restored).To(ConsistOf(
		v1alpha1.Installation{ID: inst678}, v1alpha1.Installation{ID: "ghe.example.com/app/1"}, v1alpha1.Installation{ID: inst678, InFlight: 2}))
	w.Expect(w.from.gap).To(Equal(w.gap))
	w.Expect(w.from.limits).To(Equal(map[string]ratelimit.Limits{
		"own " + inst678:            ratelimit.Defaults("github.com").With(own.Spec.RateLimit),
		"own ghe.example.com/app/1": ratelimit.Defaults("ghe.example.com").With(own.Spec.RateLimit),
		"shared " + inst678:         ratelimit.Defaults("github.com"),
	}))
	w.Expect(w.from.order).To(Equal([]string{"SetLimits own", "SetLimits own", "SetLimits shared", "Restore"}))
	w.Expect(w.Budgets.restored).To(BeClosed())
}

func TestWhatAScmProviderAllowsIsInForceWhetherItWasOpenedBeforeOrAfter(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 11, 23, 10, 14, 4, 0, time.UTC))
	installations := ratelimit.NewInstallations(clk)
	w := newBudgetWorld(t, newScmProvider("own", v1alpha1.Installation{ID: inst678}))
	w.Budgets.installations, w.restored = installations, make(chan struct{})
	tight := ratelimit.Limits{WritesPerMinute: 3}
	installations.SetLimits(inst679, "own", tight)
	w.Expect(w.Restore(t.Context())).To(Succeed())
	w.Expect(installations.Get(inst679).Bucket().Limits()).To(Equal(tight))
	w.Expect(installations.Get(inst678).Bucket().Limits()).To(Equal(ratelimit.Defaults("github.com")))
}

func TestWhatIsTakenOverIsRecordedBeforeAnythingIsSent(t *testing.T) {
	w := newBudgetWorld(t, newScmProvider("own", v1alpha1.Installation{ID: inst678}), newScmProvider("idle"))
	w.restored = make(chan struct{})
	before := w.patched()
	counted := w.installation(inst678, 4000)
	w.from.set("own", counted)
	w.clock.Step(time.Hour)
	w.refuse = errors.New("the API server is away")
	w.Expect(w.Restore(t.Context())).To(Succeed())
	w.Expect(w.restored).To(BeClosed(), "it holds up nothing else")
	w.Expect(w.mayFor(inst678)).To(BeZero())
	w.Expect(w.mayFor(inst679)).To(Equal(w.gap - time.Second))
	w.Expect(*w.logged).To(ConsistOf(ContainSubstring("the API server is away")))

	w.refuse = nil
	w.record(t.Context(), nil)
	w.Expect(w.mayFor(inst678)).To(Equal(w.gap - time.Second))
	w.Expect(w.recorded("own")).To(HaveLen(1))
	w.Expect(w.recorded("own")[0].Remaining).To(Equal(counted.Remaining))
	w.Expect(w.patched()-before).To(Equal(3), "the record and its condition were refused; there is nothing to say of the idle one")
}

func TestAPredecessorMayHaveSentUntilItGaveUpTheLease(t *testing.T) {
	g := NewWithT(t)
	g.Expect(restoreGap(5 * time.Second)).To(Equal(30 * time.Second))
	g.Expect(restoreGap(time.Minute)).To(Equal(80 * time.Second))
	g.Expect(restoreGap(0)).To(Equal(30*time.Second), "without a lease")
}

func TestRecordsThatCannotBeReadAreAnError(t *testing.T) {
	w := newBudgetWorld(t)
	w.restored = make(chan struct{})
	w.live = interceptor.NewClient(w.api.(client.WithWatch), interceptor.Funcs{
		List: func(context.Context, client.WithWatch, client.ObjectList, ...client.ListOption) error {
			return errors.New("the API server is away")
		},
	})
	w.Expect(w.Restore(t.Context())).To(MatchError(ContainSubstring("the API server is away")))
	w.Expect(w.restored).NotTo(BeClosed())
}

// opener makes scmProviders that can open what is in the world.
func opener(w *budgetWorld, kind providers.Kind) *Controller {
	return New(Options{
		Client: w.api, Namespace: "hub", Registry: providers.NewRegistry(kind), Installations: w.from,
		Ledger: ledger.New(ledger.Options{Clock: w.clock}), Apply: func(ledger.Changes) {}, Clock: w.clock, Log: logr.Discard(),
	})
}

func newLoader(w *budgetWorld) (load func(name string)) {
	s := opener(w, ledgertest.Kind{})
	return func(name string) {
		_, err := s.load(context.Background(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "hub", Name: name}})
		w.Expect(err).NotTo(HaveOccurred())
	}
}

func TestAScmProviderKeepsWhatItUsedUntilItIsForAnotherSCM(t *testing.T) {
	p := newScmProvider("acme", v1alpha1.Installation{ID: inst678})
	w := newBudgetWorld(t, p, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "app"}})
	load := newLoader(w)
	change := func(edit func(*v1alpha1.ScmProviderSpec)) {
		w.Expect(w.api.Get(t.Context(), client.ObjectKeyFromObject(p), p)).To(Succeed())
		edit(&p.Spec)
		w.Expect(w.api.Update(t.Context(), p)).To(Succeed())
		w.from.order = nil
		load("acme")
	}
	w.from.set("acme", w.installation(inst678, 1))
	w.from.order = nil
	load("acme")
	w.Expect(w.from.order).To(BeEmpty(), "what was restored before it was opened stays")

	change(func(s *v1alpha1.ScmProviderSpec) {
		s.RateLimit = &v1alpha1.RateLimit{WritesPerMinute: ptr.To[int64](3)}
	})
	w.Expect(w.from.order).To(Equal([]string{"Replace acme"}))
	w.Expect(w.from.limits["acme "+inst678].WritesPerMinute).To(BeEquivalentTo(3))

	change(func(s *v1alpha1.ScmProviderSpec) { s.GitHub.AppID = 2 })
	w.Expect(w.from.order).To(Equal([]string{"Replace acme"}))
	w.Expect(w.from.limits).To(BeEmpty())
}

// countingKind counts how often a ScmProvider is opened.
type countingKind struct {
	ledgertest.Kind
	opened *int
}

func (k countingKind) Open(p *v1alpha1.ScmProvider, secret map[string][]byte) (providers.Account, error) {
	*k.opened++
	return ledgertest.Kind{}.Open(p, secret)
}

func TestSCMProvidersReport_OpensNothingAgain(t *testing.T) {
	p := newScmProvider("acme")
	w := newBudgetWorld(t, p, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "app"}})
	opened := 0
	s := opener(w, countingKind{opened: &opened})
	request := ctrl.Request{NamespacedName: client.ObjectKeyFromObject(p)}
	for range 2 {
		_, err := s.load(t.Context(), request)
		w.Expect(err).NotTo(HaveOccurred())
		_, err = s.report(t.Context(), request)
		w.Expect(err).NotTo(HaveOccurred())
	}
	w.Expect(opened).To(Equal(1))

	w.Expect(w.api.Get(t.Context(), request.NamespacedName, p)).To(Succeed())
	w.Expect(apimeta.IsStatusConditionTrue(p.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
	p.Spec.SecretRef.Name = "none"
	w.Expect(w.api.Update(t.Context(), p)).To(Succeed())
	_, err := s.report(t.Context(), request) // before load was asked: it is the one that opens it
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(w.api.Get(t.Context(), request.NamespacedName, p)).To(Succeed())
	w.Expect(apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonCredentialsInvalid))
}

func TestARecordOfBudgetsIsNoChangeOfAScmProvider(t *testing.T) {
	g := NewWithT(t)
	passes := func(edit func(*v1alpha1.ScmProvider)) bool {
		before := newScmProvider("acme")
		now := before.DeepCopy()
		edit(now)
		return beyondBudgets.Update(event.UpdateEvent{ObjectOld: before, ObjectNew: now})
	}
	g.Expect(passes(func(p *v1alpha1.ScmProvider) { p.Status.Installations = []v1alpha1.Installation{{ID: inst678}} })).To(BeFalse())
	g.Expect(passes(func(p *v1alpha1.ScmProvider) { p.Generation++ })).To(BeTrue())
	g.Expect(passes(func(p *v1alpha1.ScmProvider) { p.UID = "another" })).To(BeTrue())
	g.Expect(passes(func(p *v1alpha1.ScmProvider) { p.Status.Conditions = []metav1.Condition{{}} })).To(BeTrue())
	g.Expect(beyondBudgets.Update(event.UpdateEvent{ObjectOld: &corev1.Secret{}, ObjectNew: &corev1.Secret{}})).To(BeTrue())
}
