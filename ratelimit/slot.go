package ratelimit

import (
	"context"
	"time"
)

// Slot is the right to send one request, taken from a bucket when a key left its
// lane. It pays for the first request that is made with it in the context, and
// counts as one in flight from then until Done of the key; what it did not pay
// for comes back to the bucket then.
type Slot struct {
	bucket *Bucket
	key    any
	// What follows is guarded by the bucket's lock.
	state slotState
	probe bool
}

type slotState int

const (
	slotHeld slotState = iota
	slotUsed
	slotDone
)

// reserve takes a slot that pays for one write about a key. Where that is not
// possible it returns nil and when it is worth asking again.
func (b *Bucket) reserve(now time.Time, key any) (*Slot, time.Time) {
	probe, tell, retryAt := b.enter(now, WriteCost.tally())
	if tell == nil {
		return nil, retryAt
	}
	tell()
	return &Slot{bucket: b, key: key, probe: probe}, time.Time{}
}

// pay pays for a request with the slot, or, where that has paid already, with the
// bucket. Where neither can, it returns nil and when it is worth asking again. A
// pause or an outage that came after the slot was taken holds for it too.
func (s *Slot) pay(now time.Time, cost Cost) (*payment, time.Time) {
	b := s.bucket
	b.mu.Lock()
	now = b.advance(now)
	t := cost.tally()
	wait := b.pause.until.Sub(now)
	if !s.probe {
		wait = max(wait, b.breaker.wait(now))
	}
	if s.state != slotHeld {
		wait = max(wait, b.affordable(now, t))
	}
	if wait > 0 {
		b.refused = true
		b.mu.Unlock()
		return nil, now.Add(wait)
	}
	p := &payment{bucket: b, cost: t, key: s.key, probe: s.probe}
	s.probe = false
	if s.state == slotHeld {
		s.state = slotUsed
		b.release(now, WriteCost.tally())
	}
	_ = b.hold(now, t) // the slot told it
	wake := func() {}
	if t != WriteCost.tally() {
		wake = b.freed()
	}
	b.mu.Unlock()
	wake()
	return p, time.Time{}
}

// done ends the slot. One that was not used comes back to the bucket whole.
func (s *Slot) done(now time.Time) {
	b := s.bucket
	b.mu.Lock()
	if s.state == slotDone {
		b.mu.Unlock()
		return
	}
	if s.state == slotHeld {
		b.release(b.advance(now), WriteCost.tally())
	}
	if s.probe {
		s.probe = false
		b.breaker.unsent()
	}
	s.state = slotDone
	b.inFlight--
	wake := b.freed()
	b.mu.Unlock()
	wake()
}

// open tells whether the slot still counts as in flight.
func (s *Slot) open() bool {
	s.bucket.mu.Lock()
	defer s.bucket.mu.Unlock()
	return s.state != slotDone
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
