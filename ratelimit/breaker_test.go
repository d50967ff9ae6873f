package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// fail sends a request about a key, which the server answers with a status, 0 for
// none. It returns whether it was sent.
func (b *Bucket) fail(now time.Time, key any, status int) bool {
	slot, _ := b.reserve(now, key, 1)
	if slot == nil {
		return false
	}
	defer slot.done(now)
	p, _ := slot.pay(now, WriteCost)
	if status == 0 {
		p.lost(now, now.Add(time.Second), false)
	} else {
		p.answered(now, status, Feedback{})
	}
	return true
}

func TestAnOutageCostsOneProbeAtATime(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	now := start
	g.Expect(b.fail(now, "a", 503)).To(BeTrue())
	g.Expect(b.fail(now, "b", 0)).To(BeTrue())
	g.Expect(b.Down()).To(BeFalse())
	g.Expect(b.fail(now, "c", 500)).To(BeTrue())
	g.Expect(b.Down()).To(BeTrue())
	g.Expect(b.fail(now, "d", 503)).To(BeFalse())
	for _, seconds := range []int{1, 2, 4, 8, 16, 32, 60, 60} {
		delay := time.Duration(seconds) * time.Second
		g.Expect(b.fail(now.Add(delay-time.Millisecond), "d", 503)).To(BeFalse())
		now = now.Add(delay)
		g.Expect(b.fail(now, "d", 503)).To(BeTrue())
		g.Expect(b.fail(now, "e", 503)).To(BeFalse(), "one probe at a time")
	}
	now = now.Add(time.Minute)
	g.Expect(b.fail(now, "d", 422)).To(BeTrue())
	g.Expect(b.Down()).To(BeFalse())
	g.Expect(b.fail(now, "e", 201)).To(BeTrue())
}

func TestOnlyDifferentKeysInARowTripTheBreaker(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	for range 10 {
		b.fail(start, "a", 503)
		b.fail(start, "b", 503)
	}
	g.Expect(b.Down()).To(BeFalse(), "two keys may be to blame themselves")
	b.fail(start, "c", 201)
	b.fail(start, "c", 503)
	b.fail(start, "d", 503)
	g.Expect(b.Down()).To(BeFalse(), "an answer in between shows the SCM at work")
	p, _ := b.take(start, WriteCost, "e")
	p.answered(start, 500, Feedback{Works: true})
	b.fail(start, "f", 503)
	g.Expect(b.Down()).To(BeFalse(), "a 500 about the request is none")
}

func TestWhileAProbeIsUnderWayNothingElseIsSent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	early, _ := b.reserve(start, "early", 1)
	for _, key := range []string{"a", "b", "c"} {
		b.fail(start, key, 503)
	}
	p, _ := early.pay(start, WriteCost)
	g.Expect(p).To(BeNil(), "a slot from before the outage does not count")
	now := start.Add(time.Second)
	woken := 0
	defer b.watch(func() { woken++ })()
	probe, _ := b.reserve(now, "d", 1)
	g.Expect(probe).NotTo(BeNil())
	p, _ = b.takeFree(now, nil)
	g.Expect(p).To(BeNil(), "a free request neither")
	other, _ := b.reserve(now.Add(time.Minute), "e", 1)
	now = now.Add(time.Minute)
	g.Expect(other).To(BeNil())
	probe.done(now)
	g.Expect(woken).To(Equal(1))
	other, _ = b.reserve(now, "e", 1)
	g.Expect(other).NotTo(BeNil(), "a probe that was not sent leaves its turn to another")
	token, _ := b.takeFree(now, other)
	g.Expect(token).NotTo(BeNil(), "a token for the probe is part of it")
	token.lost(now, now, false)
	other.done(now)
	again, retryAt := b.reserve(now, "f", 1)
	g.Expect(again).To(BeNil())
	g.Expect(retryAt).To(Equal(now.Add(2 * time.Second)))
}

func TestARequestThatNobodyWaitsForAnyMoreSaysNothingOfTheSCM(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	for _, key := range []string{"a", "b", "c", "d"} {
		p, _ := b.take(start, WriteCost, key)
		p.lost(start, start, true)
	}
	g.Expect(b.Down()).To(BeFalse())
}

func TestBreaker_CountsWhatAProxyAnswersAsNoAnswer(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	for _, key := range []string{"a", "b", "c"} {
		g.Expect(b.Down()).To(BeFalse())
		p, _ := b.take(start, WriteCost, key)
		p.answered(start, 403, Feedback{Foreign: true})
	}
	g.Expect(b.Down()).To(BeTrue())
}
