package ratelimit

import (
	"sync"
	"time"
)

// Bucket is the budget of one installation. A request takes its cost from all limits or from
// none, and a paused installation gives nothing. The methods are safe for concurrent use; none
// of them waits.
//
// In any sliding window the server counts no more requests than each limit allows, however many
// callers there are and however long requests are under way.
type Bucket struct {
	mu sync.Mutex
	// latest is the latest time that a caller passed; time never goes back behind it.
	latest time.Time
	// lastUse is the time of the last request.
	lastUse      time.Time
	minute, hour *window
	limits       []*limit
	ceilings     []Limits
	maxInFlight  int64
	inFlight     int64
	// unanswered is the number of requests that hold a place in the windows; held is the number
	// of those that belong to slots and are not sent yet.
	unanswered, held int64
	pause            pause
	// calmed is the end of the last pause after which the pacers lost their savings.
	calmed       time.Time
	reduction    reduction
	spacing      spacing
	serverBudget serverBudget
	breaker      breaker
	// sendUntil bounds sending to what a successor that restores the last record accounts for.
	// Zero means unbounded. wanted is when a request was refused beyond it, and listed reports
	// whether the last record contained this bucket.
	sendUntil, wanted time.Time
	listed            bool
	// leftOut bounds what a predecessor used without a record. It is nil once that is counted.
	leftOut *leftOut
	// concurrency limits the requests in flight at host.
	host        string
	concurrency *concurrency

	// onPause is called without the lock when a pause begins or is extended, on the first
	// request after an idle time, and when a request has to wait until the bucket is on record.
	onPause func()
	// refused reports whether a caller could not pay. The next time that budget becomes free,
	// the watchers are called without the lock.
	refused  bool
	watchers map[*watcher]struct{}
}

// idle is the time without requests after which the next request calls onPause. A bucket in use
// is recorded more often than that.
const idle = 10 * time.Second

// watcher is called when budget becomes free after a refusal.
type watcher struct{ call func() }

func newBucket(now time.Time, ceilings ...Limits) *Bucket {
	minute, hour := &window{length: time.Minute, base: now}, &window{length: time.Hour, base: now}
	b := &Bucket{
		latest: now,
		minute: minute,
		hour:   hour,
		limits: []*limit{
			{name: requestsPerHour, window: hour, of: requestsOf, size: burst},
			{name: requestsPerMinute, window: minute, of: requestsOf, size: burst},
			{name: pointsPerMinute, window: minute, of: pointsOf, size: burst * int64(WriteCost.Points)},
			{name: writesPerMinute, window: minute, of: writesOf, size: burst},
			{name: writesPerHour, window: hour, of: writesOf, size: burst},
		},
		onPause:  func() {},
		watchers: map[*watcher]struct{}{},
	}
	b.setLimits(now, ceilings...)
	return b
}

// setLimits sets what each ScmProvider allows. The caller runs wake without holding a lock.
func (b *Bucket) setLimits(now time.Time, ceilings ...Limits) (wake func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ceilings = ceilings
	b.adjust(b.advance(now))
	return b.freed()
}

// adjust computes the limits in force from the ScmProviders' ceilings and the server's budget.
// The caller holds the lock.
func (b *Bucket) adjust(now time.Time) {
	l := b.effective()
	b.maxInFlight = l.MaxInFlight
	for i, most := range []int64{l.RequestsPerHour, l.RequestsPerMinute, l.PointsPerMinute, l.WritesPerMinute, l.WritesPerHour} {
		b.limits[i].set(now, most)
	}
}

// effective returns the limits without a reduction after refusals.
func (b *Bucket) effective() Limits {
	var l Limits
	for i, each := range b.ceilings {
		each = each.learn(b.serverBudget)
		if i == 0 {
			l = each
		}
		l = l.Min(each)
	}
	return l
}

// Limits returns the limits that are in force.
func (b *Bucket) Limits() Limits {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.effective()
}

// stopped returns how long no request at all may be sent. The caller holds the lock.
func (b *Bucket) stopped(now time.Time) time.Duration {
	wait := b.pause.until.Sub(now)
	if b.unrecorded(now) {
		wait = max(wait, soon)
	}
	return wait
}

// unrecorded reports whether a successor would not account for a request that is sent now. The
// caller holds the lock.
func (b *Bucket) unrecorded(now time.Time) bool {
	return !b.sendUntil.IsZero() && !now.Before(b.sendUntil)
}

// want records that a request is waiting. If the bucket has to be on record first and is not,
// the returned function asks for a new record. The caller holds the lock, and runs notify after
// releasing it.
func (b *Bucket) want(now time.Time) (notify func()) {
	b.countUnrecorded(now)
	if !b.unrecorded(now) {
		return func() {}
	}
	asked := b.listed || now.Sub(b.wanted) < soon
	b.wanted = now
	if asked {
		return func() {}
	}
	return b.onPause
}

// payable returns how long t has to wait for its turn; zero means not at all. The caller holds
// the lock.
func (b *Bucket) payable(now time.Time, t costs) (wait time.Duration) {
	wait = max(b.stopped(now), b.breaker.wait(now), b.spacing.wait(now))
	if b.maxInFlight > 0 && b.inFlight >= b.maxInFlight {
		wait = max(wait, soon)
	}
	for _, l := range b.limits {
		wait = max(wait, l.wait(now, t))
	}
	last := b.lastUse
	if b.held > 0 {
		// A held request may be sent at any moment.
		last = now
	}
	return max(wait, b.serverBudget.wait(now, last, requestsOf(t), b.unanswered))
}

// room returns how long a request whose turn has come has to wait until all limits have room
// for t. The caller holds the lock.
func (b *Bucket) room(now time.Time, t costs) (wait time.Duration) {
	for _, l := range b.limits {
		wait = max(wait, l.free(now, t))
	}
	return max(wait, b.serverBudget.lacks(now, requestsOf(t), b.unanswered))
}

// enter takes t in its turn and counts it as in flight. If that is not possible, ok is false
// and retryAt is the time to try again. The caller holds the lock.
func (b *Bucket) enter(now time.Time, t costs) (probe, ok bool, retryAt time.Time) {
	wait := b.payable(now, t)
	if wait <= 0 && !b.concurrency.enter(b) {
		wait = soon
	}
	if wait > 0 {
		b.refused = true
		return false, false, now.Add(wait)
	}
	b.inFlight++
	b.spacing.take(now, b.gap(now))
	b.hold(now, t)
	return b.breaker.sent(), true, time.Time{}
}

// leave decrements the number in flight. The caller holds the lock, and runs wake after
// releasing it.
func (b *Bucket) leave() (wake func()) {
	b.inFlight--
	others, own := b.concurrency.leave(b), b.freed()
	if len(others) == 0 {
		return own
	}
	return func() {
		own()
		for _, other := range others {
			other.wake()
		}
	}
}

// wake calls the watchers if a caller could not pay.
func (b *Bucket) wake() {
	b.mu.Lock()
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// hold takes t from the windows and pacers for a request that may be sent from now on. The
// caller holds the lock.
func (b *Bucket) hold(now time.Time, t costs) {
	b.unanswered += requestsOf(t)
	b.minute.hold(t)
	b.hour.hold(t)
	for _, l := range b.limits {
		l.take(now, t)
	}
}

// release gives back t of a request that was not sent or is not counted.
func (b *Bucket) release(now time.Time, t costs) { b.hold(now, costs{}.minus(t)) }

// send records that a request that the SCM counts is sent now. The caller holds the lock, and
// runs notify after releasing it.
func (b *Bucket) send(now time.Time, t costs) (notify func()) {
	notify = func() {}
	if t == (costs{}) {
		return notify
	}
	if now.Sub(later(b.lastUse, b.wanted)) >= idle {
		notify = b.onPause
	}
	b.lastUse = now
	return notify
}

// spend turns a held cost into a spent one; counted is the latest time at which the server may
// have counted the request.
func (b *Bucket) spend(t costs, counted time.Time) {
	b.unanswered -= requestsOf(t)
	b.minute.spend(t, counted)
	b.hour.spend(t, counted)
}

// advance expires what has left the windows, and returns now or the latest time that a caller
// passed: time in the windows never goes back.
func (b *Bucket) advance(now time.Time) time.Time {
	if now.Before(b.latest) {
		now = b.latest
	}
	b.latest = now
	b.minute.expire(now)
	b.hour.expire(now)
	b.calm(now)
	return now
}

// watch calls call whenever budget becomes free after a refusal, until stop is called.
func (b *Bucket) watch(call func()) (stop func()) {
	w := &watcher{call: call}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.watchers[w] = struct{}{}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.watchers, w)
	}
}

// freed returns the calls of the watchers, now that budget is free. The caller holds the lock,
// and runs wake after releasing it.
func (b *Bucket) freed() (wake func()) {
	if !b.refused {
		return func() {}
	}
	b.refused = false
	calls := make([]func(), 0, len(b.watchers))
	for w := range b.watchers {
		calls = append(calls, w.call)
	}
	return func() {
		for _, call := range calls {
			call()
		}
	}
}
