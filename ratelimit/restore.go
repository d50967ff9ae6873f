package ratelimit

import (
	"math"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Restore takes what a predecessor left behind, the records of each ScmProvider. Of
// several records of one installation the worst counts. What may have been spent after a
// record was made, for gap at most, counts as spent now. An installation without a
// record has spent nothing, unless a ScmProvider of its host has as many as there can be:
// then it may have used as large a share of its limits as the last of those.
//
// It is called before the first request, and what Records then says is to be kept
// before the first request too: a process that is killed before it kept anything
// has spent on top of what its own predecessor left behind.
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

// restore puts into the windows what records say was spent, and what may have
// been spent since.
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

// requestsIn is how many requests a predecessor can have sent in a time by its limits
// of them; where it had none, what one lets through at once is all that is reckoned with.
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

// atOnce is how many items a predecessor can have had in work at once. The caller holds
// the lock.
func (b *Bucket) atOnce() int64 {
	if b.maxInFlight > 0 {
		return b.maxInFlight
	}
	return b.concurrency.limit()
}

// since is for how long a predecessor may have sent after a record.
func since(now time.Time, r *v1alpha1.Installation, gap time.Duration) time.Duration {
	if r.ObservedAt == nil {
		return gap
	}
	return min(max(now.Sub(r.ObservedAt.Time), 0), gap)
}

// windowOf is the length of time for which the limit of a record holds: as its figures
// tell, or where they are of both, as far as only one of them is learned. Zero is
// unknown.
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

// restoreLimit takes the limit of a record for what the SCM said.
func (s *serverBudget) restoreLimit(r *v1alpha1.Installation, l Limits) {
	if window := windowOf(r, l); r.Limit != nil && window > 0 {
		s.limit, s.window = *r.Limit, window
	}
}

// record fills in what the SCM said, and reports whether it said what remains. ResetAt
// is there only then; of a token bucket it is when that is full.
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

// restore takes what a record says of what remains, less what may have been spent
// since: at most spent. A token bucket is one whose limit is of no window. What was
// spent of it since was all.
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

// leftover is what a predecessor spent of a window: until a record was made, and
// afterwards.
type leftover struct {
	before, after costs
	at            time.Time
}

// add counts one limit of one record, unless another record says more.
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

// hadMost is the limit that the maker of a record kept: ours, or where there is none
// any more, what the SCM said.
func (l *limit) hadMost(r *v1alpha1.Installation) int64 {
	if l.max == 0 && r.Limit != nil && *fieldOf(orEmpty(r.Used), l.name) != nil {
		return *r.Limit
	}
	return l.max
}

// atMost is how much a predecessor can have sent in a time, where most was its limit:
// its pacer let through a burst and then the rate of the limit, at any time until now,
// since a record is as old as the last change before it. Each of those in flight at
// once may have owed the pacer one more: a look-up makes room for others before the
// write that follows it is sent.
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

// raise lifts the dimension of a limit to n.
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

// restore puts it into a window.
func (o *leftover) restore(now time.Time, w *window) {
	w.hold(o.before)
	w.spend(o.before, o.at)
	w.hold(o.after)
	w.spend(o.after, now)
	w.expire(now)
}
