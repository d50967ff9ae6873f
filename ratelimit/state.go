package ratelimit

import "time"

// InFlight returns the number of items and single requests in work.
func (b *Bucket) InFlight() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.inFlight
}

// PausedUntil returns the end of a pause, and zero where the installation is not paused.
func (b *Bucket) PausedUntil(now time.Time) time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.pause.until.After(now) {
		return b.pause.until
	}
	return time.Time{}
}

// Down reports whether the SCM has failed so often in a row that it is only probed.
func (b *Bucket) Down() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.open
}

// downFor reports whether the SCM has only been probed for at least d.
func (b *Bucket) downFor(now time.Time, d time.Duration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.breaker.open && now.Sub(b.breaker.since) >= d
}

// Wait estimates how long it takes until n writes have left.
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

// Observe applies a response. A pause applies to the whole installation and is never shortened
// by a later response; a time in the past is ignored, one more than a day ahead counts as a
// day.
func (b *Bucket) Observe(now time.Time, f Feedback) {
	b.mu.Lock()
	now = b.advance(now)
	b.serverBudget.observe(now, f)
	notify, wake := b.react(now, f, b.pause.until.After(now)), b.freed()
	b.mu.Unlock()
	wake()
	notify()
}

// react applies a response, except for its budget; paused reports whether a pause was in force
// before. The caller holds the lock, and runs notify after releasing it.
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

// remaining returns how much is left of each limit, by its name. For requests it is at most
// what the SCM reports.
func (b *Bucket) remaining(now time.Time) map[string]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.left(b.advance(now))
}

// left is remaining for a caller that holds the lock.
func (b *Bucket) left(now time.Time) map[string]int64 {
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
