package ratelimit

import (
	"context"
	"time"
)

// Slot is the right to send one request. A bucket grants it when a key leaves its lane. It pays
// for the first request with the slot in its context, and counts as one in flight until Done of
// the key; what was not used goes back to the bucket then. If the key returned to its lane
// because it needed more requests, the slot pays for as many as it needed.
type Slot struct {
	bucket *Bucket
	key    any
	// The bucket's lock guards the following fields.

	// held is the number of writes for which it can still pay, paid the number of requests made
	// with it.
	held, paid int
	// gap is the time by which it delays the next item.
	gap time.Duration
	// refused reports whether the last request could not be paid for.
	refused bool
	ended   bool
	probe   bool
}

// reserve takes a slot that pays for n writes of a key, or for as many as the limits ever allow
// at once. If that is not possible it returns nil and the time to try again.
func (b *Bucket) reserve(now time.Time, key any, n int) (*Slot, time.Time) {
	b.mu.Lock()
	now = b.advance(now)
	n = max(n, 1)
	for n > 1 && !b.fits(writes(n)) {
		n--
	}
	notify, gap := b.want(now), b.gap(now)
	probe, ok, retryAt := b.enter(now, writes(n))
	if ok {
		b.held += int64(n)
	}
	b.mu.Unlock()
	notify()
	if !ok {
		return nil, retryAt
	}
	return &Slot{bucket: b, key: key, held: n, gap: gap, probe: probe}, time.Time{}
}

// writes returns the costs of n writes.
func writes(n int) (t costs) {
	for range n {
		t = t.plus(WriteCost.costs())
	}
	return t
}

// fits reports whether t can ever be taken at once. The caller holds the lock.
func (b *Bucket) fits(t costs) bool {
	for _, l := range b.limits {
		if !l.fits(t) {
			return false
		}
	}
	return true
}

// pay pays for a request with the slot, or, where that has paid already, with what the limits
// have room for: the key's turn has come, so it does not queue again. If neither is possible,
// it returns nil and the time to try again. A pause or an outage that began after the slot was
// taken applies too.
func (s *Slot) pay(now time.Time, cost Cost) (*payment, time.Time) {
	b := s.bucket
	b.mu.Lock()
	now = b.advance(now)
	t := cost.costs()
	wait := b.stopped(now)
	if !s.probe {
		wait = max(wait, b.breaker.wait(now))
	}
	if s.held == 0 {
		wait = max(wait, b.room(now, t))
	}
	if s.refused = wait > 0; s.refused {
		b.refused = true
		notify := b.want(now)
		b.mu.Unlock()
		notify()
		return nil, now.Add(wait)
	}
	p := &payment{bucket: b, cost: t, key: s.key, probe: s.probe}
	s.probe = false
	s.paid++
	wake := func() {}
	if s.held == 0 && t.writes > 0 {
		b.spacing.take(now, b.reduction.gap())
	}
	if s.held > 0 {
		s.giveBack(now, 1)
		if t != WriteCost.costs() {
			wake = b.freed()
		}
	}
	b.hold(now, t)
	notify := b.send(now, t)
	b.mu.Unlock()
	wake()
	notify()
	return p, time.Time{}
}

// giveBack returns n of the slot's unused writes to the bucket.
func (s *Slot) giveBack(now time.Time, n int) {
	s.bucket.release(now, writes(n))
	s.bucket.held -= int64(n)
	s.held -= n
}

// done ends the slot, and returns to the bucket what was not used.
func (s *Slot) done(now time.Time) {
	b := s.bucket
	b.mu.Lock()
	if s.ended {
		b.mu.Unlock()
		return
	}
	s.giveBack(b.advance(now), s.held)
	if s.paid == 0 {
		b.spacing.giveBack(s.gap)
	}
	if s.probe {
		s.probe = false
		b.breaker.unsent()
	}
	s.ended = true
	wake := b.leave()
	b.mu.Unlock()
	wake()
}

// unfinished reports whether the slot could not pay for its last request, and how many requests
// the key needs to get further than this time.
func (s *Slot) unfinished() (needs int, ok bool) {
	s.bucket.mu.Lock()
	defer s.bucket.mu.Unlock()
	return s.paid + 1, s.refused
}

// open reports whether the slot still counts as in flight.
func (s *Slot) open() bool {
	s.bucket.mu.Lock()
	defer s.bucket.mu.Unlock()
	return !s.ended
}

type slotKey struct{}

// WithSlot returns a context whose first request is paid for by s. A nil s
// changes nothing.
func WithSlot(ctx context.Context, s *Slot) context.Context {
	if s == nil {
		return ctx
	}
	return context.WithValue(ctx, slotKey{}, s)
}

func slotFrom(ctx context.Context) *Slot {
	s, _ := ctx.Value(slotKey{}).(*Slot)
	return s
}
