package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAnUnusedSlotComesBackAtDone(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 1, PointsPerMinute: 5, WritesPerMinute: 1, WritesPerHour: 1})
	slot, _ := b.reserve(start, nil, 1)
	g.Expect(slot).NotTo(BeNil())
	again, _ := b.reserve(start, nil, 1)
	g.Expect(again).To(BeNil())
	slot.done(start)
	slot.done(start)
	g.Expect(b.InFlight()).To(BeZero())
	again, _ = b.reserve(start, nil, 1)
	g.Expect(again).NotTo(BeNil())
}

func TestAUsedSlotStaysSpent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start, nil, 1)
	p, _ := slot.pay(start, WriteCost)
	p.answered(start, 201, Feedback{})
	slot.done(start)
	again, _ := b.reserve(start, nil, 1)
	g.Expect(again).To(BeNil())
}

func TestAReadGivesBackTheRestOfItsSlot(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{PointsPerMinute: 6, WritesPerHour: 1})
	slot, _ := b.reserve(start, nil, 1)
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
	slot, _ := b.reserve(start, nil, 1)
	p, _ := slot.pay(start, WriteCost)
	g.Expect(p).NotTo(BeNil())
	p, retryAt := slot.pay(start, WriteCost)
	g.Expect(p).To(BeNil())
	g.Expect(retryAt).To(BeTemporally(">", start))
}

func TestASlotsFurtherRequestsNeitherWaitForTheStreamNorForTheSpread(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 60})
	b.Observe(start, says(1000, 50, time.Hour))
	slot, _ := b.reserve(start, nil, 1)
	for range 60 {
		b.pace(start)
	}
	for i := range 5 {
		p, _ := slot.pay(start, WriteCost)
		g.Expect(p).NotTo(BeNil(), "%d", i)
	}
	slot.done(start)
	ok, retryAt := b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt.Sub(start)).To(BeNumerically(">", 50*time.Second), "what was taken ahead is owed to the stream")
}

// pace takes what the pacers have without anything being sent.
func (b *Bucket) pace(now time.Time) {
	for _, l := range b.limits {
		l.take(now, WriteCost.costs())
	}
}

func TestASlotNeverGoesBeyondALimitOrWhatRemains(t *testing.T) {
	for name, b := range map[string]*Bucket{
		"a limit":      newBucket(start, Limits{WritesPerMinute: 3}),
		"what remains": newBucket(start, Limits{}),
		"a pause":      newBucket(start, Limits{WritesPerMinute: 100}),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b.Observe(start, Feedback{Remaining: new(int64(3)), ResetAt: start.Add(time.Hour)})
			slot, _ := b.reserve(start, nil, 1)
			n := 0
			for p, _ := slot.pay(start, WriteCost); p != nil; p, _ = slot.pay(start, WriteCost) {
				if n++; name == "a pause" && n == 3 {
					b.Observe(start, Feedback{PauseUntil: start.Add(time.Minute)})
				}
			}
			g.Expect(n).To(Equal(3))
		})
	}
}

func TestASlotPaysForAsManyAsItIsTakenFor(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 4})
	slot, _ := b.reserve(start, nil, 3)
	ok, _ := b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeTrue())
	ok, _ = b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse(), "three are held")
	for range 2 {
		p, _ := slot.pay(start, WriteCost)
		p.answered(start, 201, Feedback{})
	}
	slot.done(start)
	ok, _ = b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeTrue(), "one came back")
	more, retryAt := b.reserve(start, nil, 99)
	g.Expect(more).To(BeNil())
	more, _ = b.reserve(retryAt.Add(time.Minute), nil, 99)
	g.Expect(more.held).To(Equal(4), "more than the limit can never be had at once")
}

func TestAPauseHoldsForASlotThatWasTakenBefore(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 1})
	slot, _ := b.reserve(start, nil, 1)
	b.Observe(start, Feedback{PauseUntil: start.Add(time.Minute)})
	p, retryAt := slot.pay(start, WriteCost)
	g.Expect(p).To(BeNil())
	g.Expect(retryAt).To(Equal(start.Add(time.Minute)))
	slot.done(start)
	again, _ := b.reserve(start.Add(time.Minute), nil, 1)
	g.Expect(again).NotTo(BeNil(), "the slot was not used and has to come back")
}

func TestLateSlotsDoNotComeOnTopOfTheLimit(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 10})
	var slots []*Slot
	for range 10 {
		slot, _ := b.reserve(start, nil, 1)
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
	slot, _ := b.reserve(start, nil, 1)
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
