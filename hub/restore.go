package hub

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// restoreGap returns for how long a predecessor may have sent after its last record:
// recordInterval until the next one was due, recordTimeout while that was under way,
// and then until it gave up the lease that it could not renew, which with the hub's
// defaults is 30 s with some to spare. Without a lease the same is assumed: nothing
// tells when the process before this one ended.
func restoreGap(renewDeadline time.Duration) time.Duration {
	return recordInterval + recordTimeout + max(renewDeadline, 10*time.Second)
}

// installations is what the hub asks of ratelimit.Installations about budgets.
type installations interface {
	Records(scmProvider string) []v1alpha1.Installation
	Restore(records []v1alpha1.Installation, gap time.Duration)
	SetLimits(id, scmProvider string, limits ratelimit.Limits)
	Replace(scmProvider string, allowed map[string]ratelimit.Limits)
	SendUntil(until time.Time, except func(id string) bool)
}

// restore puts what the predecessor recorded into force, and records it as this
// process counts it, with what may have been spent since: or a third one, which
// followed soon, would know nothing of that. What cannot be recorded is not used until
// it is, and holds up nothing else. It reads from the API server itself: the
// predecessor's last record may be newer than the cache. Before it has succeeded
// nothing may be sent.
func (b *budgets) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	b.loading.Lock()
	defer b.loading.Unlock()
	var list v1alpha1.ScmProviderList
	if err := b.live.List(ctx, &list, client.InNamespace(b.namespace)); err != nil {
		return fmt.Errorf("reading what is left of the budgets: %w", err)
	}
	var all []v1alpha1.Installation
	for i := range list.Items {
		p := &list.Items[i]
		// Beside those of what it was opened for meanwhile.
		for id, limits := range limitsOf(p, p.Status.Installations) {
			b.installations.SetLimits(id, p.Name, limits)
		}
		all = append(all, p.Status.Installations...)
		b.paused[p.Name] = pausesIn(p.Status.Installations)
	}
	now := b.clock.Now()
	b.installations.SendUntil(now, func(string) bool { return false })
	b.installations.Restore(all, b.gap)
	r := newRound(now)
	for i := range list.Items {
		p := &list.Items[i]
		r.write(p, b.installations.Records(p.Name), func(records []v1alpha1.Installation) error { return b.patch(ctx, p, records) })
	}
	b.end(r)
	close(b.restored)
	return nil
}

// limitsOf is what a ScmProvider allows at the installations of some records.
func limitsOf(p *v1alpha1.ScmProvider, records []v1alpha1.Installation) map[string]ratelimit.Limits {
	allowed := map[string]ratelimit.Limits{}
	for _, r := range records {
		host, _, _ := strings.Cut(r.ID, "/")
		allowed[r.ID] = ratelimit.Defaults(host).With(p.Spec.RateLimit)
	}
	return allowed
}
