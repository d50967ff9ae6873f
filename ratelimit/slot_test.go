package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAnUnusedSlotComesBackAtDone(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 1, PointsPerMinute: 5, WritesPerMinute: 1, WritesPerHour: 1})
	slot, _ := b.reserve(start)
	g.Expect(slot).NotTo(BeNil())
	again, _ := b.reserve(start)
	g.Expect(again).To(BeNil())
	slot.done(start)
	slot.done(start)
	g.Expect(b.InFlight()).To(BeZero())
	again, _ = b.reserve(start)
	g.Expect(again).NotTo(BeNil())
}

func TestAUsedSlotStaysSpent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start)
	first, ok, _ := slot.use(start, WriteCost)
	g.Expect(first && ok).To(BeTrue())
	slot.done(start)
	again, _ := b.reserve(start)
	g.Expect(again).To(BeNil())
}

func TestAReadGivesBackTheRestOfItsSlot(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{PointsPerMinute: 6, WritesPerHour: 1})
	slot, _ := b.reserve(start)
	first, ok, _ := slot.use(start, ReadCost)
	g.Expect(first && ok).To(BeTrue())
	slot.done(start)
	took, _ := b.TryTake(start, WriteCost)
	g.Expect(took).To(BeTrue())
	took, _ = b.TryTake(start, ReadCost)
	g.Expect(took).To(BeFalse())
}

func TestASlotPaysOnlyOnce(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	slot, _ := b.reserve(start)
	slot.use(start, WriteCost)
	first, _, _ := slot.use(start, WriteCost)
	g.Expect(first).To(BeFalse())
}

func TestAPauseHoldsForASlotThatWasTakenBefore(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start)
	b.Observe(start, Feedback{PauseUntil: start.Add(time.Minute)})
	first, ok, retryAt := slot.use(start, WriteCost)
	g.Expect(first).To(BeTrue())
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(time.Minute)))
	slot.done(start)
	again, _ := b.reserve(start.Add(time.Minute))
	g.Expect(again).NotTo(BeNil(), "the slot was not used and has to come back")
}

func TestLateSlotsDoNotComeOnTopOfABurst(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 20})
	var slots []*Slot
	for range 10 {
		slot, _ := b.reserve(start)
		slots = append(slots, slot)
	}
	later := start.Add(10 * time.Minute)
	ok, _ := b.TryTake(later, WriteCost)
	g.Expect(ok).To(BeFalse(), "ten slots can be used at any moment")
	for _, s := range slots {
		s.use(later, WriteCost)
	}
	ok, _ = b.TryTake(later, WriteCost)
	g.Expect(ok).To(BeFalse())
}

func TestMaxInFlightCountsSlotsAndSingleRequests(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{MaxInFlight: 2})
	slot, _ := b.reserve(start)
	ok, _ := b.TryTake(start, ReadCost)
	g.Expect(ok).To(BeTrue())
	ok, retryAt := b.TryTake(start, ReadCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(time.Second)))
	slot.use(start, WriteCost)
	ok, _ = b.TryTake(start, ReadCost)
	g.Expect(ok).To(BeFalse(), "a used slot is in flight until Done")
	slot.done(start)
	ok, _ = b.TryTake(start, ReadCost)
	g.Expect(ok).To(BeTrue())
}
