package scmproviders

import (
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/reference"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// pausesIn returns until when installations are paused, as their records say.
func pausesIn(records []v1alpha1.Installation) map[string]time.Time {
	out := map[string]time.Time{}
	for _, r := range records {
		if r.PausedUntil != nil {
			out[r.ID] = r.PausedUntil.Time
		}
	}
	return out
}

// announce emits an event on a ScmProvider when a pause of one of its installations begins and
// when it ends, but not when it is extended. It returns the present pauses. For an installation
// that left the records it emits nothing.
func (b *Budgets) announce(p *v1alpha1.ScmProvider, before map[string]time.Time, records []v1alpha1.Installation) map[string]time.Time {
	now := b.clock.Now()
	paused := pausesIn(records)
	for i := range records {
		r := &records[i]
		until, is := paused[r.ID]
		if is && !until.After(now) {
			delete(paused, r.ID)
			is = false
		}
		_, was := before[r.ID]
		switch {
		case is && !was:
			b.event(p, r, corev1.EventTypeWarning, "Paused", "Pause",
				" sends nothing until "+until.UTC().Format("15:04:05 MST")+": the SCM asked for it")
		case was && !is:
			b.event(p, r, corev1.EventTypeNormal, "Resumed", "Resume", " sends again")
		}
	}
	return paused
}

// event regards the installation's part of the ScmProvider's status: events that
// regard the same are counted as one by the recorder, with the first one's text.
func (b *Budgets) event(p *v1alpha1.ScmProvider, r *v1alpha1.Installation, kind, reason, action, what string) {
	regarding, err := reference.GetPartialReference(b.client.Scheme(), p, "status.installations{"+r.ID+"}")
	if err != nil {
		b.log.Error(err, "making an event", "scmProvider", p.Name, "reason", reason)
		return
	}
	b.events.Eventf(regarding, nil, kind, reason, action, "%s", describe(r)+what)
}

// describe names an installation for people: "github.com installation 678 (acme)".
func describe(r *v1alpha1.Installation) string {
	parts := strings.Split(r.ID, "/")
	out := strings.Join(append(parts[:1], parts[max(1, len(parts)-2):]...), " ")
	if r.Account != "" {
		out += " (" + r.Account + ")"
	}
	return out
}

// pauseOver returns a channel that receives when the first of the pauses is over,
// and a function that ends its timer. The channel is nil without a pause.
func (b *Budgets) pauseOver() (<-chan time.Time, func()) {
	var first time.Time
	for _, pauses := range b.paused {
		for _, until := range pauses {
			if first.IsZero() || until.Before(first) {
				first = until
			}
		}
	}
	if first.IsZero() {
		return nil, func() {}
	}
	// A round that could not look at the pauses is not repeated at once.
	timer := b.clock.NewTimer(max(first.Sub(b.clock.Now()), time.Second))
	return timer.C(), func() { timer.Stop() }
}

// ended tells which pauses are over now.
func (b *Budgets) ended(now time.Time) func(id string) bool {
	over := map[string]bool{}
	for _, pauses := range b.paused {
		for id, until := range pauses {
			if !until.After(now) {
				over[id] = true
			}
		}
	}
	return func(id string) bool { return over[id] }
}
