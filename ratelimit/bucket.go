package ratelimit

import (
	"sync"
	"time"
)

// Bucket is the budget of one installation. What it gives is all or nothing over
// all its limits, and it gives nothing while the installation is paused. Its
// methods are safe for concurrent use; none of them waits.
//
// In any sliding window the server counts no more than each limit allows, whoever
// asks and however long requests are on their way.
type Bucket struct {
	mu sync.Mutex
	// latest keeps time from going back between two callers.
	latest time.Time
	// lastUse is when something was sent last.
	lastUse      time.Time
	minute, hour *window
	limits       []*limit
	ceilings     []Limits
	maxInFlight  int64
	inFlight     int64
	// unanswered are the requests that hold a place in the windows; those of slots that
	// have not been sent yet are held.
	unanswered, held int64
	pause            pause
	// calmed is the end of the last pause that took what the pacers had saved up.
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
	// leftOut bounds what a predecessor used without a record, nil where it is counted.
	leftOut *leftOut
	// concurrency bounds what is in flight at host.
	host        string
	concurrency *concurrency

	// onPause is called, without the lock, when a pause begins or gets longer, when
	// something is sent after nothing was for a while, and when something is to be sent
	// that has to be on record before.
	onPause func()
	// refused is set when somebody could not pay; what frees budget then calls
	// the watchers, without the lock.
	refused  bool
	watchers map[*watcher]struct{}
}

// idle is how long nothing was sent before a request is told as a change. A record
// of the budget is made more often than that while it is used.
const idle = 10 * time.Second

// watcher is called when budget came free after somebody was refused.
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

// setLimits changes what each ScmProvider allows. The caller runs what it
// returns, once it holds no lock.
func (b *Bucket) setLimits(now time.Time, ceilings ...Limits) (wake func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.ceilings = ceilings
	b.adjust(b.advance(now))
	return b.freed()
}

// adjust puts the limits in force that follow from what ScmProviders allow and what
// the SCM said. The caller holds the lock.
func (b *Bucket) adjust(now time.Time) {
	l := b.effective()
	b.maxInFlight = l.MaxInFlight
	for i, most := range []int64{l.RequestsPerHour, l.RequestsPerMinute, l.PointsPerMinute, l.WritesPerMinute, l.WritesPerHour} {
		b.limits[i].set(now, most)
	}
}

// effective are the limits without what a refusal cut off.
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

// stopped is how long nothing at all may be sent. The caller holds the lock.
func (b *Bucket) stopped(now time.Time) time.Duration {
	wait := b.pause.until.Sub(now)
	if b.unrecorded(now) {
		wait = max(wait, soon)
	}
	return wait
}

// unrecorded tells whether a successor would not reckon with what is sent now. The
// caller holds the lock.
func (b *Bucket) unrecorded(now time.Time) bool {
	return !b.sendUntil.IsZero() && !now.Before(b.sendUntil)
}

// want notes that something is to be sent. Where that has to be on record before, and
// no record tells of it yet, whoever keeps records has to know. The caller holds the
// lock, and once it does not any more runs what this returns.
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

// payable tells how long t has to wait for its turn; zero is now. The caller holds
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
		// They may be sent any moment.
		last = now
	}
	return max(wait, b.serverBudget.wait(now, last, requestsOf(t), b.unanswered))
}

// room tells how long t has to wait until all limits have room for it, where its
// turn has come already. The caller holds the lock.
func (b *Bucket) room(now time.Time, t costs) (wait time.Duration) {
	for _, l := range b.limits {
		wait = max(wait, l.free(now, t))
	}
	return max(wait, b.serverBudget.lacks(now, requestsOf(t), b.unanswered))
}

// enter takes t in its turn, and counts it as in flight. Where that is not possible
// ok is false, and retryAt is when it is worth asking again. The caller holds the lock.
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

// leave takes one out of what is in flight. The caller holds the lock, and once it
// does not any more runs what this returns.
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

// wake calls those who could not pay.
func (b *Bucket) wake() {
	b.mu.Lock()
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// hold takes t for what may be sent from now on. The caller holds the lock.
func (b *Bucket) hold(now time.Time, t costs) {
	b.unanswered += requestsOf(t)
	b.minute.hold(t)
	b.hour.hold(t)
	for _, l := range b.limits {
		l.take(now, t)
	}
}

// release gives t back, of what was not sent or is not counted.
func (b *Bucket) release(now time.Time, t costs) { b.hold(now, costs{}.minus(t)) }

// send notes that something that is counted is sent now. The caller holds the lock,
// and once it does not any more runs what this returns.
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

// spend ends the hold of a request that the server counted at the latest at a time.
func (b *Bucket) spend(t costs, counted time.Time) {
	b.unanswered -= requestsOf(t)
	b.minute.spend(t, counted)
	b.hour.spend(t, counted)
}

// advance expires what is over, and returns now, or the latest time that was
// heard of: windows are kept in time that does not go back.
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

// watch has call run whenever budget came free after a refusal, until stop.
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

// freed returns what has to be called, without the lock, now that budget came
// free. The caller holds the lock.
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
