package ratelimit

import "time"

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
	if b.pause.until.After(now) {
		return b.pause.until
	}
	return time.Time{}
}

// Down tells whether the SCM failed so often in a row that it is only probed.
func (b *Bucket) Down() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.open
}

// downFor tells whether the SCM has only been probed for a time.
func (b *Bucket) downFor(now time.Time, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.open && now.Sub(b.breaker.since) >= d
}

// Wait is about how long it takes until n writes can have left, counted from now.
func (b *Bucket) Wait(now time.Time, n int) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	most := b.serverBudget.wait(now, b.lastUse, int64(n), b.unanswered)
	for _, l := range b.limits {
		most = max(most, l.backlog(now, int64(n), WriteCost.costs()))
	}
	return max(b.pause.until.Sub(now), 0) + max(most, time.Duration(n)*b.reduction.gap())
}

// Observe applies what an answer said. A pause holds for the whole installation
// and is never shortened by a later answer; a time in the past is ignored, one
// more than a day ahead counts as a day.
func (b *Bucket) Observe(now time.Time, f Feedback) {
	b.mu.Lock()
	now = b.advance(now)
	b.serverBudget.observe(now, f)
	notify, wake := b.react(now, f, b.pause.until.After(now)), b.freed()
	b.mu.Unlock()
	wake()
	notify()
}

// react does what an answer asks for, but for what it says of the budget; paused says
// that a pause was in force before. The caller holds the lock, and once it does not
// any more runs what this returns.
func (b *Bucket) react(now time.Time, f Feedback, paused bool) (notify func()) {
	longer := b.pause.observe(now, f)
	switch {
	case paused:
	case f.refused():
		b.reduction.refused(now, b.pause.until, !f.PauseUntil.IsZero(), b.perMinute())
	case !f.Limited:
		b.reduction.worked(now)
	}
	b.adjust(now)
	if longer {
		return b.onPause
	}
	return func() {}
}

// remaining is how much is left of each limit, by its name. Of requests, at most
// as many are left as the SCM says.
func (b *Bucket) remaining(now time.Time) map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	said, reported := b.serverBudget.left(now, b.unanswered)
	out := map[string]int64{}
	for _, l := range b.limits {
		if l.max == 0 {
			continue
		}
		out[l.name] = l.remaining()
		if reported && l.countsRequests() {
			out[l.name] = min(out[l.name], said)
		}
	}
	return out
}
