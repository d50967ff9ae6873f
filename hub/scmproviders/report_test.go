package scmproviders

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// reportWorld is a ScmProvider whose Ready condition is reported, with a cache that can lag.
type reportWorld struct {
	*budgetWorld
	scms *Controller
	// seen is the ScmProvider that the cache has, nil for the newest one.
	seen *v1alpha1.ScmProvider
}

func newReportWorld(t *testing.T) *reportWorld {
	w := &reportWorld{budgetWorld: newBudgetWorld(t, newScmProvider("acme"), &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "app"}, Data: map[string][]byte{"token": []byte("first")},
	})}
	w.scms = opener(w.budgetWorld, ledgertest.Kind{})
	w.scms.Events = w.events
	w.scms.Client = interceptor.NewClient(w.api.(client.WithWatch), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, into client.Object, opts ...client.GetOption) error {
			if p, ok := into.(*v1alpha1.ScmProvider); ok && w.seen != nil {
				w.seen.DeepCopyInto(p)
				return nil
			}
			return c.Get(ctx, key, into, opts...)
		},
	})
	return w
}

func (w *reportWorld) now() *v1alpha1.ScmProvider {
	p := &v1alpha1.ScmProvider{}
	w.Expect(w.api.Get(context.Background(), client.ObjectKey{Namespace: "hub", Name: "acme"}, p)).To(Succeed())
	return p
}

// report returns after how long it is to be tried again, 0 for not at all.
func (w *reportWorld) report() time.Duration {
	result, err := w.scms.report(context.Background(), ctrl.Request{NamespacedName: client.ObjectKey{Namespace: "hub", Name: "acme"}})
	w.Expect(err).NotTo(HaveOccurred())
	return result.RequeueAfter
}

// add has somebody else add a condition.
func (w *reportWorld) add(kind string, status metav1.ConditionStatus) {
	p := w.now()
	apimeta.SetStatusCondition(&p.Status.Conditions, metav1.Condition{Type: kind, Status: status, Reason: "Because"})
	w.Expect(w.api.Status().Update(context.Background(), p)).To(Succeed())
}

func TestLoad_LogsWhyAScmProviderCannotBeUsed(t *testing.T) {
	for name, c := range map[string]struct {
		secret string
		want   gomegatypes.GomegaMatcher
	}{
		"usable":   {"app", And(ContainSubstring(`"usable"=true`), Not(ContainSubstring("reason")))},
		"unusable": {"none", And(ContainSubstring(`"usable"=false`), ContainSubstring(`"reason"="CredentialsInvalid"`), ContainSubstring(`Secret \"none\" was not found in namespace hub on the hub`))},
	} {
		t.Run(name, func(t *testing.T) {
			w := newReportWorld(t)
			p := w.now()
			p.Spec.SecretRef.Name = c.secret
			w.Expect(w.api.Update(t.Context(), p)).To(Succeed())
			var lines []string
			w.scms.Log = funcr.New(func(_, line string) { lines = append(lines, line) }, funcr.Options{})
			w.report()
			w.Expect(lines).To(ContainElement(And(ContainSubstring("loaded ScmProvider"), c.want)))
		})
	}
}

func TestReport_KeepsWhatOthersWroteSinceItRead(t *testing.T) {
	for name, change := range map[string]func(*reportWorld){
		"not recorded": func(w *reportWorld) { w.add(v1alpha1.ConditionBudgetsRecorded, metav1.ConditionFalse) },
		"recorded again": func(w *reportWorld) {
			w.add(v1alpha1.ConditionBudgetsRecorded, metav1.ConditionFalse)
			w.seen = w.now()
			w.add(v1alpha1.ConditionBudgetsRecorded, metav1.ConditionTrue)
		},
		"a condition of others": func(w *reportWorld) { w.add("Theirs", metav1.ConditionTrue) },
		"budgets": func(w *reportWorld) {
			w.from.set("acme", w.installation(inst678, 7))
			w.record(t.Context(), nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newReportWorld(t)
			w.Expect(w.report()).To(BeZero())
			w.seen = w.now()
			change(w)
			before := w.now()
			w.scms.opened = map[string]opening{}
			w.Expect(w.api.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "app"}})).To(Succeed())
			for range 2 {
				w.Expect(w.report()).To(BeNumerically("~", time.Second, time.Second), "until the cache has caught up")
				w.Expect(w.now().Status).To(Equal(before.Status))
				w.Expect(w.events.all()).To(BeEmpty())
			}
			w.seen = nil
			w.Expect(w.report()).To(BeZero())
			now := w.now()
			w.Expect(apimeta.IsStatusConditionFalse(now.Status.Conditions, v1alpha1.ConditionReady)).To(BeTrue())
			for _, kept := range before.Status.Conditions {
				if kept.Type != v1alpha1.ConditionReady {
					w.Expect(now.Status.Conditions).To(ContainElement(kept))
				}
			}
			w.Expect(now.Status.Installations).To(Equal(before.Status.Installations))
			w.Expect(w.events.all()).To(HaveLen(1))
		})
	}
}

func TestReport_MakesOneEventOfAChangeThatTheCacheDoesNotShowYet(t *testing.T) {
	w := newReportWorld(t)
	w.report()
	w.seen = w.now()
	w.Expect(w.api.Delete(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "hub", Name: "app"}})).To(Succeed())
	for range 3 {
		w.report()
	}
	w.seen = nil
	w.Expect(w.report()).To(BeZero())
	w.Expect(w.events.all()).To(HaveLen(1))
}
