package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAnUnusedSlotComesBackAtDone(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 1, PointsPerMinute: 5, WritesPerMinute: 1, WritesPerHour: 1})
	slot, _ := b.reserve(start, nil)
	g.Expect(slot).NotTo(BeNil())
	again, _ := b.reserve(start, nil)
	g.Expect(again).To(BeNil())
	slot.done(start)
	slot.done(start)
	g.Expect(b.InFlight()).To(BeZero())
	again, _ = b.reserve(start, nil)
	g.Expect(again).NotTo(BeNil())
}

func TestAUsedSlotStaysSpent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start, nil)
	p, _ := slot.pay(start, WriteCost)
	p.answered(start, 201, Feedback{})
	slot.done(start)
	again, _ := b.reserve(start, nil)
	g.Expect(again).To(BeNil())
}

func TestAReadGivesBackTheRestOfItsSlot(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{PointsPerMinute: 6, WritesPerHour: 1})
	slot, _ := b.reserve(start, nil)
	p, _ := slot.pay(start, ReadCost)
	p.answered(start, 200, Feedback{})
	slot.done(start)
	took, _ := b.tryTake(start, WriteCost)
	g.Expect(took).To(BeTrue())
	took, _ = b.tryTake(start, ReadCost)
	g.Expect(took).To(BeFalse())
}

func TestASlotPaysOnlyOnce(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start, nil)
	p, _ := slot.pay(start, WriteCost)
	g.Expect(p).NotTo(BeNil())
	p, retryAt := slot.pay(start, WriteCost)
	g.Expect(p).To(BeNil())
	g.Expect(retryAt).To(BeTemporally(">", start))
}

func TestAPauseHoldsForASlotThatWasTakenBefore(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start, nil)
	b.Observe(start, Feedback{PauseUntil: start.Add(time.Minute)})
	p, retryAt := slot.pay(start, WriteCost)
	g.Expect(p).To(BeNil())
	g.Expect(retryAt).To(Equal(start.Add(time.Minute)))
	slot.done(start)
	again, _ := b.reserve(start.Add(time.Minute), nil)
	g.Expect(again).NotTo(BeNil(), "the slot was not used and has to come back")
}

func TestLateSlotsDoNotComeOnTopOfTheLimit(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 10})
	var slots []*Slot
	for range 10 {
		slot, _ := b.reserve(start, nil)
		slots = append(slots, slot)
	}
	later := start.Add(10 * time.Minute)
	ok, _ := b.tryTake(later, WriteCost)
	g.Expect(ok).To(BeFalse(), "ten slots can be used at any moment")
	for _, s := range slots {
		p, _ := s.pay(later, WriteCost)
		p.answered(later, 201, Feedback{})
	}
	ok, _ = b.tryTake(later.Add(59*time.Second), WriteCost)
	g.Expect(ok).To(BeFalse())
	ok, _ = b.tryTake(later.Add(61*time.Second), WriteCost)
	g.Expect(ok).To(BeTrue())
}

func TestMaxInFlightCountsSlotsAndSingleRequests(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{MaxInFlight: 2})
	slot, _ := b.reserve(start, nil)
	single, _ := b.take(start, ReadCost, nil)
	g.Expect(single).NotTo(BeNil())
	ok, retryAt := b.tryTake(start, ReadCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(time.Second)))
	slot.pay(start, WriteCost)
	ok, _ = b.tryTake(start, ReadCost)
	g.Expect(ok).To(BeFalse(), "a used slot is in flight until Done")
	slot.done(start)
	ok, _ = b.tryTake(start, ReadCost)
	g.Expect(ok).To(BeTrue())
}
