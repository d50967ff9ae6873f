package scmproviders

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// staleRetry is after how long a condition is written again that was for an older version of
// its ScmProvider: the cache has caught up with others' writes by then.
const staleRetry = 250 * time.Millisecond

type reportQueue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
}

// reportSource hands over the queue when this replica leads.
type reportSource struct{ *Controller }

// Start implements source.Source.
func (s reportSource) Start(_ context.Context, q workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
	s.reports.Store(&reportQueue{q})
	return nil
}

// String names the source in the log.
func (reportSource) String() string { return "what SCMs say of ScmProviders" }

// Note has what SCMs say of ScmProviders reported. It never blocks.
func (s *Controller) Note(names []string) {
	if s == nil || s.reports.Load() == nil {
		return
	}
	q := s.reports.Load()
	for _, name := range names {
		q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: s.Namespace, Name: name}})
	}
}

// report patches the Ready condition of a ScmProvider, on the leader.
func (s *Controller) report(ctx context.Context, req reconcile.Request) (reconcile.Result, error) {
	s.Lock()
	provider, problem, err := s.open(ctx, req.NamespacedName)
	s.Unlock()
	if err != nil || provider == nil {
		return reconcile.Result{}, err
	}
	condition := metav1.Condition{
		Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonReady,
		Message: "settings and credential are usable", ObservedGeneration: provider.Generation,
		LastTransitionTime: metav1.NewTime(s.Clock.Now().UTC().Truncate(time.Second)),
	}
	if problem == nil && !provider.Spec.Suspend {
		problem = s.Ledger.Credential(provider.Name)
	}
	switch {
	case problem != nil:
		condition.Status, condition.Reason, condition.Message = metav1.ConditionFalse, problem.Reason, problem.Message
	case provider.Spec.Suspend:
		condition.Status, condition.Reason = metav1.ConditionUnknown, v1alpha1.ReasonSuspended
		condition.Message = "spec.suspend is set: nothing is sent through it"
	}
	before := provider.DeepCopy()
	apimeta.SetStatusCondition(&provider.Status.Conditions, condition)
	if equality.Semantic.DeepEqual(before.Status, provider.Status) {
		return reconcile.Result{}, nil
	}
	// A merge patch replaces the whole list: it must be the list that was read.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err = s.Client.Status().Patch(ctx, provider, patch, client.FieldOwner(v1alpha1.FieldOwner)); apierrors.IsConflict(err) {
		return reconcile.Result{RequeueAfter: staleRetry}, nil
	}
	if err == nil {
		s.announce(provider, apimeta.FindStatusCondition(before.Status.Conditions, v1alpha1.ConditionReady), condition)
	}
	return reconcile.Result{}, client.IgnoreNotFound(err)
}

// announce makes an event of a Ready condition that is another one than before.
func (s *Controller) announce(provider *v1alpha1.ScmProvider, before *metav1.Condition, now metav1.Condition) {
	if s.Events == nil || before == nil && now.Status != metav1.ConditionFalse ||
		before != nil && before.Status == now.Status && before.Reason == now.Reason {
		return
	}
	kind := corev1.EventTypeNormal
	if now.Status == metav1.ConditionFalse {
		kind = corev1.EventTypeWarning
	}
	s.Events.Eventf(provider, nil, kind, now.Reason, "Check", "%s", now.Message)
	s.Log.Info("ScmProvider changed", "name", provider.Name, "ready", now.Status, "reason", now.Reason, "message", now.Message)
}
