package ratelimit

import (
	"sync"
	"time"
)

// maxPause bounds how long an answer can pause an installation: a server whose
// clock or header is wrong must not stop it for good. The longest honest pause
// is one window of an hour.
const maxPause = 2 * time.Hour

// Bucket is the budget of one installation. A take is all or nothing over all
// its limits, and nothing is taken while the installation is paused. Its
// methods are safe for concurrent use; none of them waits.
//
// In any window no more leaves the bucket than the limit allows, whoever asks.
// It does not know what others spend, nor what was spent before a restart: for
// that it obeys the server's answers.
type Bucket struct {
	mu       sync.Mutex
	latest   time.Time // no time before it is used again: tokens flow in once
	lastTake time.Time
	windows  []*window
	limits   Limits
	inFlight int64
	paused   time.Time
	observed Feedback

	// refused is set when somebody could not pay; what frees budget then calls
	// the watchers, without the lock.
	refused  bool
	watchers map[*watcher]struct{}
}

// watcher is called when budget came free after somebody was refused.
type watcher struct{ call func() }

func newBucket(now time.Time, l Limits) *Bucket {
	requests := func(c Cost) int {
		if c == (Cost{}) {
			return 0
		}
		return 1
	}
	points := func(c Cost) int { return c.Points }
	writes := func(c Cost) int {
		if c.Write {
			return 1
		}
		return 0
	}
	b := &Bucket{
		latest: now,
		windows: []*window{
			{length: time.Hour, weight: requests, size: burst},
			{length: time.Minute, weight: requests, size: burst},
			{length: time.Minute, weight: points, size: burst * WriteCost.Points},
			{length: time.Minute, weight: writes, size: burst},
			{length: time.Hour, weight: writes, size: burst},
		},
		watchers: map[*watcher]struct{}{},
	}
	b.setLimits(now, l)
	return b
}

// setLimits changes the limits and keeps what was spent. The caller runs what it
// returns, once it holds no lock.
func (b *Bucket) setLimits(now time.Time, l Limits) (wake func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clamp(now)
	b.limits = l
	limits := []int64{l.RequestsPerHour, l.RequestsPerMinute, l.PointsPerMinute, l.WritesPerMinute, l.WritesPerHour}
	for i, w := range b.windows {
		used := !b.lastTake.IsZero() && now.Sub(b.lastTake) < w.length
		w.setLimit(now, limits[i], used)
	}
	return b.freed()
}

// Limits returns the limits that are in force.
func (b *Bucket) Limits() Limits {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.limits
}

// TryTake takes cost for a request that is sent now, and counts it as in flight
// until Release. Where that is not possible it takes nothing and returns when it
// is worth asking again.
func (b *Bucket) TryTake(now time.Time, cost Cost) (ok bool, retryAt time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clamp(now)
	if retryAt, ok = b.payable(now, cost, true); !ok {
		return false, retryAt
	}
	b.take(now, cost)
	b.inFlight++
	return true, time.Time{}
}

// tryTakeMore is TryTake for one more request of an item that is counted as in
// flight already.
func (b *Bucket) tryTakeMore(now time.Time, cost Cost) (ok bool, retryAt time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clamp(now)
	if retryAt, ok = b.payable(now, cost, false); ok {
		b.take(now, cost)
	}
	return ok, retryAt
}

// Release ends what TryTake has counted as in flight.
func (b *Bucket) Release() {
	b.mu.Lock()
	b.inFlight--
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// InFlight is how many items and single requests are in work now.
func (b *Bucket) InFlight() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight
}

// PausedUntil is when the installation may be asked again, and zero where it
// may be asked at now.
func (b *Bucket) PausedUntil(now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.paused.After(now) {
		return b.paused
	}
	return time.Time{}
}

// Wait is about how long it takes until n writes can have left, counted from now.
func (b *Bucket) Wait(now time.Time, n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clamp(now)
	var most time.Duration
	for _, w := range b.windows {
		most = max(most, w.until(now, n*w.weight(WriteCost)))
	}
	return max(most, b.paused.Sub(now))
}

// payable tells whether cost can be taken now, and when to ask again if not.
// The caller holds the lock.
func (b *Bucket) payable(now time.Time, cost Cost, counts bool) (retryAt time.Time, ok bool) {
	var wait time.Duration
	if counts && b.limits.MaxInFlight > 0 && b.inFlight >= b.limits.MaxInFlight {
		wait = soon
	}
	for _, w := range b.windows {
		wait = max(wait, w.wait(now, cost))
	}
	if wait = max(wait, b.paused.Sub(now)); wait > 0 {
		b.refused = true
		return now.Add(wait), false
	}
	return time.Time{}, true
}

func (b *Bucket) take(now time.Time, cost Cost) {
	b.lastTake = now
	for _, w := range b.windows {
		w.take(now, cost)
	}
}

// clamp keeps time from going back between two callers: the limiters would let
// the same time flow in twice.
func (b *Bucket) clamp(now time.Time) time.Time {
	if now.Before(b.latest) {
		return b.latest
	}
	b.latest = now
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
