package ratelimit

import (
	"math"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// leftOut bounds what a predecessor may have used of an installation without a record, because
// its ScmProvider had more than MaxRecords of them: its share of any limit and its pause are no
// larger than those of the last recorded one.
type leftOut struct {
	last  v1alpha1.Installation
	share float64
	// restoredAt is the time at which the records were read, gap that of Restore.
	restoredAt time.Time
	gap        time.Duration
}

// share returns the largest used share of a limit in a record. The caller holds the lock.
func (b *Bucket) share(r *v1alpha1.Installation) (most float64) {
	used := orEmpty(r.Used)
	for _, l := range b.limits {
		if n := *fieldOf(used, l.name); n != nil && l.max > 0 {
			most = max(most, float64(*n)/float64(l.max))
		}
	}
	if r.Limit != nil && r.Remaining != nil && *r.Limit > 0 {
		most = max(most, 1-float64(*r.Remaining)/float64(*r.Limit))
	}
	return most
}

// boundBy returns the bound for installations without a record that one ScmProvider's records
// imply, nil where they are complete.
func (i *Installations) boundBy(records []v1alpha1.Installation, gap time.Duration) *leftOut {
	if len(records) < MaxRecords {
		return nil
	}
	last := records[len(records)-1]
	b := i.Get(last.ID).bucket
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &leftOut{last: last, share: b.share(&last), restoredAt: i.clock.Now(), gap: gap}
	if last.PausedUntil != nil {
		// All recorded ones were paused, so one without a record may have used everything.
		out.share = 1
	}
	return out
}

// bind applies a bound to the new installations of its host. Of several bounds the highest
// applies.
func (i *Installations) bind(bound *leftOut) {
	i.mu.Lock()
	defer i.mu.Unlock()
	host, _, _ := strings.Cut(bound.last.ID, "/")
	if before := i.leftOut[host]; before == nil || before.share < bound.share {
		i.leftOut[host] = bound
	}
}

// countUnrecorded counts what a predecessor may have used without a record, before the bucket's
// first use. The caller holds the lock.
func (b *Bucket) countUnrecorded(now time.Time) {
	if b.leftOut == nil {
		return
	}
	bound := b.leftOut
	b.leftOut = nil
	b.restoreAll(bound.restoredAt, []v1alpha1.Installation{bound.record(b)}, bound.gap)
	b.advance(now)
}

// record returns the worst record that the bucket can have had.
func (o *leftOut) record(b *Bucket) v1alpha1.Installation {
	r := v1alpha1.Installation{ObservedAt: o.last.ObservedAt, PausedUntil: o.last.PausedUntil, Used: &v1alpha1.RateLimit{}}
	recorded := orEmpty(o.last.Used)
	for _, l := range b.limits {
		most := l.max
		if most == 0 && *fieldOf(recorded, l.name) != nil && o.last.Limit != nil {
			// An SCM that grants a limit to others probably grants the same here.
			most, r.Limit = *o.last.Limit, o.last.Limit
		}
		if most > 0 {
			used := int64(math.Ceil(o.share * float64(most)))
			*fieldOf(r.Used, l.name) = &used
		}
	}
	return r
}
