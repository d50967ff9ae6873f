package kubeconfigs

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// publishRetry is how long what could not be announced waits.
	publishRetry = 10 * time.Second
	// publishTimeout bounds one patch.
	publishTimeout = 10 * time.Second
)

// healthPublisher keeps the annotation HealthKey of the members' Secrets true, on the leader.
// It patches where something changed, and nothing after a restart that found all as it
// was.
type healthPublisher struct {
	provider *Provider
	client   client.Client
	failing  bool
}

// NeedLeaderElection reports whether it runs on the leader only. It does: two replicas may see
// a member differently.
func (*healthPublisher) NeedLeaderElection() bool { return true }

// Start announces until ctx ends.
func (a *healthPublisher) Start(ctx context.Context) error {
	for ctx.Err() == nil {
		a.wait(ctx, a.round(ctx))
	}
	return nil
}

// wait waits after a round for what calls for the next.
func (a *healthPublisher) wait(ctx context.Context, well bool) {
	var again <-chan time.Time
	if !well {
		timer := a.provider.options.Clock.NewTimer(publishRetry)
		defer timer.Stop()
		again = timer.C()
	}
	select {
	case <-ctx.Done():
	case <-a.provider.changed:
	case <-again:
	}
}

// round announces how all members are, and reports whether that went well. Log lines
// are for changes only.
func (a *healthPublisher) round(ctx context.Context) bool {
	var failed error
	for _, m := range a.provider.snapshot() {
		w, health := m.reported()
		if w.secret == nil || !a.reportable(health) {
			continue // the hub's own cluster, or nothing to report yet
		}
		if err := client.IgnoreNotFound(a.publish(ctx, w, health)); err != nil {
			failed = err
		}
	}
	if (failed != nil) != a.failing && ctx.Err() == nil {
		a.failing = failed != nil
		if a.failing {
			a.provider.options.Log.Error(failed, "members' health not announced; trying again")
		} else {
			a.provider.options.Log.Info("members' health is announced again")
		}
	}
	return failed == nil
}

// reportable reports whether a health says anything. First lists that are done at once, as after
// every start of the hub, change no annotation.
func (a *healthPublisher) reportable(health Health) bool {
	return health.State != Connecting || health.Reason == ReasonListing && a.provider.options.Clock.Since(health.Since) >= recheckEvery
}

// publish patches a member's Secret where its annotation is not true.
func (a *healthPublisher) publish(ctx context.Context, w desired, health Health) error {
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	secret := &corev1.Secret{}
	if err := a.client.Get(ctx, types.NamespacedName{Namespace: w.secret.Namespace, Name: w.secret.Name}, secret); err != nil {
		return err
	}
	if secret.UID != w.secret.UID {
		return nil // of the newer one, more will be known soon
	}
	value, changed, err := annotationChange(secret.Annotations[HealthKey], annotationOf(health))
	if err != nil || !changed {
		return err
	}
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": secret.UID, "annotations": map[string]string{HealthKey: value},
	}})
	if err != nil {
		return fmt.Errorf("encoding the annotation of Secret %s: %w", secret.Name, err)
	}
	if err := a.client.Patch(ctx, secret, client.RawPatch(types.MergePatchType, body), client.FieldOwner(userAgent)); err != nil {
		return fmt.Errorf("annotating Secret %s: %w", secret.Name, err)
	}
	return nil
}

// annotationOf says how a member is.
func annotationOf(health Health) HealthAnnotation {
	out := HealthAnnotation{
		State: health.State, Since: health.Since, Reason: health.Reason, Message: health.Message,
		CredentialExpiry: health.CredentialExpiry, RenewalError: health.RenewalError, Duplicates: health.Duplicates,
	}
	switch {
	case health.Outdated:
		out.CRDs = CRDsOutdated
	case health.State == Connected:
		out.CRDs = CRDsComplete
	case health.Reason == ReasonCRDsMissing:
		out.CRDs = CRDsMissing
	}
	switch {
	case health.Forbidden, health.Reason == ReasonForbidden, health.Reason == ReasonNamespacesForbidden:
		out.Permissions = PermissionsMissing
	case health.State == Connected:
		out.Permissions = PermissionsComplete
	}
	return out
}

// alsoSaid comes after what a message says of a credential that ends, before what else is wrong.
const alsoSaid = "; also, "

// ending is what a message says of a credential that ends, "" for nothing.
func ending(message string) string {
	ends, _, ok := strings.Cut(message, alsoSaid)
	if !ok {
		return ""
	}
	return ends
}

// annotationChange is what an annotation becomes. A state that goes on keeps the time since
// when it does, whichever process saw it begin. An error that goes on keeps its message,
// which may hold a port.
func annotationChange(before string, now HealthAnnotation) (value string, changed bool, err error) {
	if old, err := ParseHealthAnnotation(before); err == nil && old.State == now.State && old.Reason == now.Reason {
		now.Since = old.Since
		if now.State == Unreachable && ending(old.Message) == ending(now.Message) {
			now.Message = old.Message
		}
	}
	value, err = now.Marshal()
	return value, value != before, err
}
