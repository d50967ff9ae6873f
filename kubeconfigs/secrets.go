package kubeconfigs

import (
	"context"
	"crypto/sha256"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
)

// secretWatcher is the provider as a runnable of the hub's manager.
type secretWatcher struct {
	provider *Provider
	cache    cache.Cache
}

// NeedLeaderElection reports whether it runs on the leader only. It does not: a standby watches
// the members too.
func (*secretWatcher) NeedLeaderElection() bool { return false }

// Start engages members as their Secrets come and go until ctx ends, and
// returns when the last of their goroutines has.
func (w *secretWatcher) Start(ctx context.Context) error {
	p := w.provider
	ctx, cancel := context.WithCancel(ctx)
	p.open(ctx)
	defer p.running.Wait()
	defer p.shut() // a handler that still runs starts nothing more
	defer cancel()

	if p.options.Local != nil {
		local := desired{access: p.options.Local, fingerprint: sha256.Sum256([]byte(LocalCluster))}
		local.account = accountOf(local)
		p.upsert(LocalCluster, local)
	}
	// Not waiting for the Secrets to be listed: the handlers see them all.
	secrets, err := w.cache.GetInformer(ctx, &corev1.Secret{}, cache.BlockUntilSynced(false))
	if err != nil {
		return fmt.Errorf("watching Secrets: %w", err)
	}
	handlers, err := secrets.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { p.observe(object) },
		UpdateFunc: func(_, object any) { p.observe(object) },
		DeleteFunc: p.forget,
	})
	if err != nil {
		return fmt.Errorf("watching Secrets: %w", err)
	}
	p.mu.Lock()
	p.listed = handlers.HasSynced
	p.mu.Unlock()
	<-ctx.Done()
	if err := secrets.RemoveEventHandler(handlers); err != nil {
		return fmt.Errorf("ending the watch of Secrets: %w", err)
	}
	return nil
}

// observe takes in a Secret as it is now. It never blocks, nor changes it.
func (p *Provider) observe(object any) {
	secret, ok := object.(*corev1.Secret)
	switch {
	case !ok || secret.Namespace != p.options.Namespace:
	case secret.Labels[MemberLabel] != "true" || secret.DeletionTimestamp != nil:
		p.forget(secret)
	case secret.Name == LocalCluster:
		p.refuseReserved(secret)
	default:
		p.upsert(nameOf(secret), desiredOf(secret))
	}
}

// forget takes in that there is no such Secret any more.
func (p *Provider) forget(object any) {
	if gone, ok := object.(toolscache.DeletedFinalStateUnknown); ok {
		object = gone.Obj
	}
	secret, ok := object.(*corev1.Secret)
	if ok && secret.Namespace == p.options.Namespace && secret.Name != LocalCluster {
		p.remove(nameOf(secret))
	}
}

// refuseReserved says once for each such Secret that its name is taken.
func (p *Provider) refuseReserved(secret *corev1.Secret) {
	p.mu.Lock()
	said := p.reserved == secret.UID
	p.reserved = secret.UID
	p.mu.Unlock()
	if said {
		return
	}
	refusal := refuse(NameReserved, "the name %q means the hub's own cluster, give the Secret another one", LocalCluster)
	p.options.Log.Info("member refused", "cluster", LocalCluster, "reason", refusal.Reason)
	p.record(referenceTo(secret), diagnose(refusal))
}

// record writes an event on a Secret, a Warning unless all is well.
func (p *Provider) record(secret *corev1.ObjectReference, health Health) {
	if secret == nil {
		return
	}
	kind := corev1.EventTypeWarning
	if health.Reason == ReasonConnected || health.Reason == ReasonTokenRenewed || health.Reason == ReasonSharedObjects {
		kind = corev1.EventTypeNormal
	}
	p.options.Recorder.Eventf(secret, nil, kind, health.Reason, "Engage", "%s", health.Message)
}
