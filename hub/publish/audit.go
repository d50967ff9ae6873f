package publish

import (
	"github.com/go-logr/logr"
	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// audit logs that a CommitStatus asked for what no grant allows: once for each thing that
// it asks for, whether its member takes the status that says so or not.
func audit(log logr.Logger, p ledger.Patch) {
	now := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if now == nil || now.Reason != v1alpha1.ReasonDenied {
		return
	}
	before := apimeta.FindStatusCondition(p.Before.Conditions, v1alpha1.ConditionReady)
	if before != nil && before.Reason == now.Reason && before.Message == now.Message {
		return
	}
	log.WithValues(p.ID.KeysAndValues()...).Info("denied: no grant allows it", "sha", p.Source.Spec.SHA, "status", p.Source.Spec.Name, "message", now.Message)
}
