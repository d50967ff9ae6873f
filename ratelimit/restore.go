package ratelimit

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Restore takes what a predecessor left behind, of all ScmProviders. Of several
// records of one installation the worst counts. What may have been spent after a
// record was made, for gap at most, counts as spent now. An installation without a
// record has spent nothing.
//
// It is called before the first request, and what Records then says is to be kept
// before the first request too: a process that is killed before it kept anything
// has spent on top of what its own predecessor left behind.
func (i *Installations) Restore(records []v1alpha1.Installation, gap time.Duration) {
	byID := map[string][]v1alpha1.Installation{}
	for _, r := range records {
		byID[r.ID] = append(byID[r.ID], r)
	}
	for id, each := range byID {
		in := i.Get(id)
		for _, r := range each {
			if r.Account != "" {
				i.SetAccount(id, r.Account)
			}
		}
		in.bucket.restore(i.clock.Now(), each, gap)
	}
}

// restore puts into the windows what records say was spent, and what may have
// been spent since.
func (b *Bucket) restore(now time.Time, records []v1alpha1.Installation, gap time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	for i := range records {
		b.restoreServed(now, &records[i])
	}
	b.adjust(now)
	var minute, hour leftover
	for i := range records {
		for _, l := range b.limits {
			to := &minute
			if l.window == b.hour {
				to = &hour
			}
			to.add(now, l, &records[i], gap)
		}
	}
	minute.restore(now, b.minute)
	hour.restore(now, b.hour)
}

func (b *Bucket) restoreServed(now time.Time, r *v1alpha1.Installation) {
	if r.PausedUntil != nil {
		b.pause.extend(now, r.PausedUntil.Time)
	}
	if r.Remaining != nil && r.ResetAt != nil {
		b.served.observe(now, Feedback{Remaining: r.Remaining, ResetAt: r.ResetAt.Time})
	}
	if r.ObservedAt != nil && r.ObservedAt.After(b.lastUse) {
		b.lastUse = r.ObservedAt.Time
	}
}

// leftover is what a predecessor spent of a window: until a record was made, and
// afterwards.
type leftover struct {
	before, after tally
	at            time.Time
}

// add counts one limit of one record, unless another record says more.
func (o *leftover) add(now time.Time, l *limit, r *v1alpha1.Installation, gap time.Duration) {
	if r.ObservedAt == nil {
		return
	}
	most := l.max
	if used := *fieldOf(orEmpty(r.Used), l.name); used != nil {
		// The API's times are cut off to seconds.
		o.at = later(o.at, r.ObservedAt.Add(time.Second))
		raise(&o.before, l, *used)
		if most == 0 && r.Limit != nil {
			most = *r.Limit // learned, and to be learned again
		}
	}
	if most == 0 {
		return
	}
	// The predecessor's pacer let through a burst and then the rate of the limit,
	// at any time until now: a record is as old as the last change before it.
	since := min(max(now.Sub(r.ObservedAt.Time), 0), gap)
	paced := int64(float64(most) * since.Seconds() / l.window.length.Seconds())
	raise(&o.after, l, min(min(l.size, most)+paced+1, most))
}

func orEmpty(r *v1alpha1.RateLimit) *v1alpha1.RateLimit {
	if r == nil {
		return &v1alpha1.RateLimit{}
	}
	return r
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// raise lifts the dimension of a limit to n.
func raise(t *tally, l *limit, n int64) {
	if more := int32(n - l.of(*t)); more > 0 {
		switch l.name {
		case requestsPerHour, requestsPerMinute:
			t.requests += more
		case pointsPerMinute:
			t.points += more
		default:
			t.writes += more
		}
	}
}

// restore puts it into a window.
func (o *leftover) restore(now time.Time, w *window) {
	w.hold(o.before)
	w.spend(o.before, o.at)
	w.hold(o.after)
	w.spend(o.after, now)
	w.expire(now)
}
