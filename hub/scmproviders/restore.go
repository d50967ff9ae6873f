package scmproviders

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
// defaults is 30 s with some to spare. Without a lease the same is assumed: it is
// unknown when the process before this one ended.
func restoreGap(renewDeadline time.Duration) time.Duration {
	return recordInterval + recordTimeout + max(renewDeadline, 10*time.Second)
}

// installations is what the hub asks of ratelimit.Installations about budgets.
type installations interface {
	Records(scmProvider string) []v1alpha1.Installation
	Restore(records [][]v1alpha1.Installation, gap time.Duration)
	SetLimits(id, scmProvider string, limits ratelimit.Limits)
	Replace(scmProvider string, allowed map[string]ratelimit.Limits)
	SendUntil(until time.Time, except func(id string) bool)
}

// Restore puts what the predecessor recorded into force, and records it as this
// process counts it, with what may have been spent since: or a third one, which
// followed soon, would know nothing of that. What cannot be recorded is not used until
// it is, and holds up nothing else. It reads from the API server itself: the
// predecessor's last record may be newer than the cache. Before it has succeeded
// nothing may be sent.
func (b *Budgets) Restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	list, err := b.predecessors(ctx)
	if err != nil {
		return err
	}
	r := newRound(b.clock.Now())
	for i := range list.Items {
		p := &list.Items[i]
		b.write(ctx, r, p, b.installations.Records(p.Name))
	}
	b.end(ctx, r)
	close(b.restored)
	return nil
}

// predecessors puts into force what the predecessor recorded. A ScmProvider that is opened or
// let go while they are read has them read anew, so that older limits never follow newer ones.
func (b *Budgets) predecessors(ctx context.Context) (list v1alpha1.ScmProviderList, err error) {
	for {
		loads := b.loading.count()
		if err := b.live.List(ctx, &list, client.InNamespace(b.namespace)); err != nil {
			return list, fmt.Errorf("reading what is left of the budgets: %w", err)
		}
		if b.loading.unless(loads, func() { b.takeOver(list.Items) }) {
			return list, nil
		}
	}
}

// takeOver puts into force what ScmProviders have on record.
func (b *Budgets) takeOver(all []v1alpha1.ScmProvider) {
	var records [][]v1alpha1.Installation
	for i := range all {
		p := &all[i]
		// Beside those of what it was opened for meanwhile.
		for id, limits := range limitsOf(p, p.Status.Installations) {
			b.installations.SetLimits(id, p.Name, limits)
		}
		records = append(records, p.Status.Installations)
		b.paused[p.Name] = pausesIn(p.Status.Installations)
	}
	b.installations.SendUntil(b.clock.Now(), func(string) bool { return false })
	b.installations.Restore(records, b.gap)
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
