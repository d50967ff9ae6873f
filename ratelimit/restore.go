package ratelimit

import (
	"math"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Restore counts what a predecessor spent, by the records of each ScmProvider. Of several
// records of one installation the worst counts. What may have been spent after a record was
// made, for gap at most, counts as spent now. An installation without a record has spent
// nothing, unless a ScmProvider of its host has MaxRecords of them: then it may have used as
// large a share of its limits as the last of those.
//
// Call it before the first request, and store what Records then returns before the first
// request too: a process that is killed before it stored a record has spent on top of what its
// own predecessor spent.
func (i *Installations) Restore(records [][]v1alpha1.Installation, gap time.Duration) {
	byID := map[string][]v1alpha1.Installation{}
	for _, r := range slices.Concat(records...) {
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
	for _, each := range records {
		if bound := i.boundBy(each, gap); bound != nil {
			i.bind(bound)
		}
	}
}

// restore adds to the windows what the records report as spent, and what may have been spent
// since.
func (b *Bucket) restore(now time.Time, records []v1alpha1.Installation, gap time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.leftOut = nil
	b.restoreAll(b.advance(now), records, gap)
}

// restoreAll is restore as of a time. The caller holds the lock.
func (b *Bucket) restoreAll(now time.Time, records []v1alpha1.Installation, gap time.Duration) {
	for i := range records {
		r := &records[i]
		if r.PausedUntil != nil {
			b.pause.extend(now, on(now, r.PausedUntil.Time))
		}
		if r.ObservedAt != nil {
			b.lastUse = later(b.lastUse, on(now, r.ObservedAt.Time))
		}
		b.serverBudget.restoreLimit(r, b.effective())
	}
	b.adjust(now)
	var minute, hour leftover
	for i := range records {
		r := &records[i]
		for _, l := range b.limits {
			to := &minute
			if l.window == b.hour {
				to = &hour
			}
			to.add(now, l, r, gap, b.atOnce())
		}
		b.serverBudget.restore(now, r, gap, b.requestsIn(r, since(now, r, gap)))
	}
	b.serverBudget.restored = true
	minute.restore(now, b.minute)
	hour.restore(now, b.hour)
}

// requestsIn returns how many requests a predecessor can have sent in a time by its limits of
// requests; where it had none, a burst.
func (b *Bucket) requestsIn(r *v1alpha1.Installation, d time.Duration) int64 {
	least := int64(math.MaxInt64)
	for _, l := range b.limits {
		if most := l.hadMost(r); most > 0 && l.countsRequests() {
			least = min(least, l.atMost(most, d, b.atOnce()))
		}
	}
	if least == math.MaxInt64 {
		return burst
	}
	return least
}

// atOnce returns how many items a predecessor can have had in work at once. The caller holds
// the lock.
func (b *Bucket) atOnce() int64 {
	if b.maxInFlight > 0 {
		return b.maxInFlight
	}
	return b.concurrency.limit()
}

// since returns for how long a predecessor may have sent after a record.
func since(now time.Time, r *v1alpha1.Installation, gap time.Duration) time.Duration {
	if r.ObservedAt == nil {
		return gap
	}
	return min(max(now.Sub(r.ObservedAt.Time), 0), gap)
}

// windowOf returns the window of a record's limit: that of its figures, or where they are of
// both windows, the only one that is learned. Zero means unknown.
func windowOf(r *v1alpha1.Installation, l Limits) time.Duration {
	used := orEmpty(r.Used)
	hour, minute := used.RequestsPerHour != nil, used.RequestsPerMinute != nil
	if hour && minute {
		hour, minute = l.LearnsPerHour && !l.LearnsPerMinute, l.LearnsPerMinute && !l.LearnsPerHour
	}
	switch {
	case hour:
		return time.Hour
	case minute:
		return time.Minute
	}
	return 0
}

// restoreLimit uses the limit of a record as the limit that the SCM reported.
func (s *serverBudget) restoreLimit(r *v1alpha1.Installation, l Limits) {
	if window := windowOf(r, l); r.Limit != nil && window > 0 {
		s.limit, s.window = *r.Limit, window
	}
}

// record fills in what the SCM reported, and reports whether that includes what remains.
// ResetAt is set only then; for a token bucket it is the time at which it is full.
func (s *serverBudget) record(now time.Time, unanswered int64, r *v1alpha1.Installation) (reported bool) {
	if s.limit > 0 {
		limit := s.limit
		r.Limit = &limit
	}
	left, reported := s.left(now, unanswered)
	if !reported {
		return false
	}
	r.Remaining = &left
	switch {
	case s.refill == 0:
		r.ResetAt = second(on(now, s.resetAt))
	case s.limit > 0:
		r.ResetAt = second(now.Add(time.Duration(float64(s.limit-left) / s.refill * float64(time.Second))))
	}
	return true
}

// restore uses what a record reports as remaining, less what may have been spent since: at most
// spent. A limit without a window belongs to a token bucket, of which everything since counts
// as spent.
func (s *serverBudget) restore(now time.Time, r *v1alpha1.Installation, gap time.Duration, spent int64) {
	if r.Remaining == nil || r.ResetAt == nil || r.ObservedAt == nil {
		return
	}
	reset, whole := on(now, r.ResetAt.Time), r.ResetAt.Sub(r.ObservedAt.Time).Seconds()
	used := orEmpty(r.Used)
	if r.Limit != nil && used.RequestsPerHour == nil && used.RequestsPerMinute == nil {
		if missing := *r.Limit - *r.Remaining; missing > 0 && whole > 0 {
			until := on(now, r.ObservedAt.Add(since(now, r, gap)))
			s.observe(until, Feedback{Limit: r.Limit, Remaining: new(int64), Refill: float64(missing) / whole})
		}
		return
	}
	left := *r.Remaining
	if float64(left)*10 < s.whole() && whole > 0 {
		// It spread what was left.
		spent = min(spent, 2+int64(float64(left)*since(now, r, gap).Seconds()/whole))
	}
	left = max(left-spent, 0)
	s.observe(now, Feedback{Remaining: &left, ResetAt: reset})
}

// leftover is what a predecessor spent of a window: before a record was made, and after it.
type leftover struct {
	before, after costs
	at            time.Time
}

// add counts one limit of one record, unless another record reports more.
func (o *leftover) add(now time.Time, l *limit, r *v1alpha1.Installation, gap time.Duration, inFlight int64) {
	if r.ObservedAt == nil {
		return
	}
	if used := *fieldOf(orEmpty(r.Used), l.name); used != nil {
		// The API's times are cut off to seconds.
		o.at = later(o.at, on(now, r.ObservedAt.Add(time.Second)))
		raise(&o.before, l, *used)
	}
	most := l.hadMost(r)
	if most == 0 {
		return
	}
	raise(&o.after, l, l.atMost(most, since(now, r, gap), inFlight))
}

// hadMost returns the limit of the record's maker: ours, or if there is none any more, the one
// that the SCM reported.
func (l *limit) hadMost(r *v1alpha1.Installation) int64 {
	if l.max == 0 && r.Limit != nil && *fieldOf(orEmpty(r.Used), l.name) != nil {
		return *r.Limit
	}
	return l.max
}

// atMost returns how much a predecessor with the limit most can have sent in a time. Its pacer
// let through a burst and then the rate of the limit, at any time until now, since a record is
// as old as the last change before it. Each item in flight may have owed the pacer one more: a
// look-up makes room for others before the write that follows it is sent.
func (l *limit) atMost(most int64, d time.Duration, inFlight int64) int64 {
	paced := int64(float64(most) * d.Seconds() / l.window.length.Seconds())
	return min(min(l.size, most)+paced+1+inFlight, most)
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

// raise raises the limit's dimension of t to n.
func raise(t *costs, l *limit, n int64) {
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

// restore adds it to a window.
func (o *leftover) restore(now time.Time, w *window) {
	w.hold(o.before)
	w.spend(o.before, o.at)
	w.hold(o.after)
	w.spend(o.after, now)
	w.expire(now)
}
