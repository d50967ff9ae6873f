package scmproviders

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var unrecordedGauge = prometheus.NewGauge(prometheus.GaugeOpts{
	Name: "commit_status_hub_budgets_unrecorded",
	Help: "ScmProviders whose installations are sent nothing, since their budgets cannot be recorded.",
})

func init() { metrics.Registry.MustRegister(unrecordedGauge) }

// attempted is how a round of records went with one ScmProvider.
type attempted struct {
	provider *v1alpha1.ScmProvider
	records  []v1alpha1.Installation
	err      error
}

// stops reports whether an installation of the ScmProvider is on record nowhere.
func (a attempted) stops(r *round) bool {
	for _, each := range a.records {
		if a.err != nil && !r.written[each.ID] {
			return true
		}
	}
	return false
}

// unrecorded tracks the ScmProviders whose budgets cannot be recorded for so long that their
// installations are sent nothing.
type unrecorded struct {
	// recordedAt is when all of a ScmProvider was on record last, stopped those that stand still.
	recordedAt map[string]time.Time
	stopped    map[string]bool
}

func newUnrecorded() unrecorded {
	return unrecorded{recordedAt: map[string]time.Time{}, stopped: map[string]bool{}}
}

// reportUnrecorded reports on a ScmProvider, by an event, a condition and the metric, when its
// installations begin to be sent nothing for want of a record, and when that is over. lasts is
// for how long a record lets them send.
func (b *Budgets) reportUnrecorded(ctx context.Context, r *round, lasts time.Duration) {
	for _, a := range r.attempts {
		name := a.provider.Name
		if !a.stops(r) {
			b.recordedAt[name] = r.at
			if b.stopped[name] {
				delete(b.stopped, name)
				b.events.Eventf(a.provider, nil, corev1.EventTypeNormal, v1alpha1.ReasonRecorded, "Record", "%s", recordedAgain)
			}
			b.condition(ctx, a.provider, true, recordedAgain)
			continue
		}
		if r.at.Sub(b.recordedAt[name]) < lasts {
			continue
		}
		message := "installations are sent nothing until status.installations can be written: " + shortened(a.err.Error())
		if !b.stopped[name] {
			b.stopped[name] = true
			b.events.Eventf(a.provider, nil, corev1.EventTypeWarning, v1alpha1.ReasonNotRecorded, "Record", "%s", message)
		}
		b.condition(ctx, a.provider, false, message)
	}
	b.dropDeleted(r)
	unrecordedGauge.Set(float64(len(b.stopped)))
}

const recordedAgain = "budgets are recorded in status.installations"

// condition patches the condition BudgetsRecorded. Where all is well from the beginning there
// is none. What fails is tried again in the next round.
func (b *Budgets) condition(ctx context.Context, p *v1alpha1.ScmProvider, recorded bool, message string) {
	now := metav1.Condition{
		Type: v1alpha1.ConditionBudgetsRecorded, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonNotRecorded,
		Message: message, ObservedGeneration: p.Generation, LastTransitionTime: metav1.NewTime(b.clock.Now().UTC().Truncate(time.Second)),
	}
	before := apimeta.FindStatusCondition(p.Status.Conditions, now.Type)
	if recorded {
		if before == nil || before.Status == metav1.ConditionTrue {
			return
		}
		now.Status, now.Reason = metav1.ConditionTrue, v1alpha1.ReasonRecorded
	}
	old := p.DeepCopy()
	if !apimeta.SetStatusCondition(&p.Status.Conditions, now) {
		return
	}
	patch := client.MergeFromWithOptions(old, client.MergeFromWithOptimisticLock{})
	err := b.client.Status().Patch(ctx, p, patch, client.FieldOwner(v1alpha1.FieldOwner))
	if client.IgnoreNotFound(err) != nil {
		b.log.V(1).Info("condition not written; trying again", "scmProvider", p.Name, "error", err.Error())
	}
}

// dropDeleted drops the ScmProviders that a whole round was not about.
func (b *Budgets) dropDeleted(r *round) {
	if r.partial {
		return
	}
	there := map[string]bool{}
	for _, a := range r.attempts {
		there[a.provider.Name] = true
	}
	for name := range b.recordedAt {
		if !there[name] {
			delete(b.recordedAt, name)
		}
	}
	for name := range b.stopped {
		if !there[name] {
			delete(b.stopped, name)
		}
	}
}

// shortened cuts an API server's words to what a condition needs of them.
func shortened(text string) string {
	const most = 300
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
