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
	// state is guarded by the bucket's lock.
	state slotState
}

type slotState int

const (
	slotHeld slotState = iota
	slotUsed
	slotDone
)

// reserve takes a slot that pays for one write. Where that is not possible it
// returns nil and when it is worth asking again.
func (b *Bucket) reserve(now time.Time) (*Slot, time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.clamp(now)
	if retryAt, ok := b.payable(now, WriteCost, true); !ok {
		return nil, retryAt
	}
	b.lastTake = now
	for _, w := range b.windows {
		w.hold(now, WriteCost)
	}
	b.inFlight++
	return &Slot{bucket: b}, time.Time{}
}

// use pays cost with the slot. first is false when it has paid already or is
// done. Otherwise ok tells whether the request may be sent: a pause that came
// after the slot was taken holds for it too, and leaves it unused.
func (s *Slot) use(now time.Time, cost Cost) (first, ok bool, retryAt time.Time) {
	b := s.bucket
	b.mu.Lock()
	if s.state != slotHeld {
		b.mu.Unlock()
		return false, false, time.Time{}
	}
	if b.paused.After(now) {
		defer b.mu.Unlock()
		return true, false, b.paused
	}
	s.state = slotUsed
	now = b.clamp(now)
	b.lastTake = now
	wake := b.settle(now, cost)
	b.mu.Unlock()
	wake()
	return true, true, time.Time{}
}

// done ends the slot. One that was not used comes back to the bucket whole.
func (s *Slot) done(now time.Time) {
	b := s.bucket
	b.mu.Lock()
	if s.state == slotDone {
		b.mu.Unlock()
		return
	}
	unused := s.state == slotHeld
	s.state = slotDone
	b.inFlight--
	var wake func()
	if unused {
		wake = b.settle(b.clamp(now), Cost{})
	} else {
		wake = b.freed()
	}
	b.mu.Unlock()
	wake()
}

// open tells whether the slot still counts as in flight.
func (s *Slot) open() bool {
	s.bucket.mu.Lock()
	defer s.bucket.mu.Unlock()
	return s.state != slotDone
}

// settle replaces what a slot holds with what was spent; Cost{} is nothing at
// all. The caller holds the lock.
func (b *Bucket) settle(now time.Time, spent Cost) (wake func()) {
	for _, w := range b.windows {
		w.settle(now, WriteCost, spent)
	}
	return b.freed()
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
