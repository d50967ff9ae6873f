package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// tryTake takes cost for a request that is answered at once.
func (b *Bucket) tryTake(now time.Time, cost Cost) (ok bool, retryAt time.Time) {
	p, retryAt := b.take(now, cost, nil)
	if p == nil {
		return false, retryAt
	}
	p.answered(now, 200, Feedback{})
	p.done()
	return true, retryAt
}

// backlog sends writes for a time, each with a round trip, as soon as the bucket
// lets it, and returns when they were sent.
func backlog(b *Bucket, d, roundTrip time.Duration) (sent []time.Time) {
	type flight struct {
		*payment
		back time.Time
	}
	var flying []flight
	for now := start; now.Before(start.Add(d)); {
		for len(flying) > 0 && !flying[0].back.After(now) {
			flying[0].answered(now, 201, Feedback{})
			flying[0].done()
			flying = flying[1:]
		}
		p, retryAt := b.take(now, WriteCost, nil)
		if p != nil {
			sent = append(sent, now)
			flying = append(flying, flight{p, now.Add(roundTrip)})
			continue
		}
		now = retryAt
		if len(flying) > 0 && flying[0].back.Before(now) {
			now = flying[0].back
		}
	}
	return sent
}

func TestABacklogUses99PercentOfTheTightestLimit(t *testing.T) {
	for name, c := range map[string]struct {
		limits Limits
		window time.Duration
		want   int
	}{
		"github.com": {Defaults("github.com"), time.Minute, 80},
		"gitlab.com": {Defaults("gitlab.com"), time.Minute, 2000},
		"bitbucket":  {Defaults("bitbucket.org"), time.Hour, 1000},
		"points":     {Limits{PointsPerMinute: 400, WritesPerMinute: 90}, time.Minute, 80},
		"ten":        {Limits{WritesPerMinute: 10}, time.Minute, 10},
	} {
		t.Run(name, func(t *testing.T) {
			sent := backlog(newBucket(start, c.limits), 10*c.window, c.window/200)
			NewWithT(t).Expect(len(sent)).To(BeNumerically(">=", 10*c.want*99/100))
		})
	}
}

func TestAnIdleBucketLetsTenWritesThroughAtOnceAndThenAnEvenStream(t *testing.T) {
	g := NewWithT(t)
	sent := backlog(newBucket(start, Defaults("github.com").Min(Limits{WritesPerHour: 5000})), time.Minute, 100*time.Millisecond)
	for _, at := range sent[:10] {
		g.Expect(at).To(Equal(start))
	}
	for i, at := range sent[10:70] {
		g.Expect(at.Sub(start)).To(BeNumerically("~", time.Duration(i+1)*750*time.Millisecond, 20*time.Millisecond))
	}
}

func TestATakeIsAllOrNothing(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 2, WritesPerHour: 1})
	take := func(c Cost) bool { ok, _ := b.tryTake(start, c); return ok }
	g.Expect(take(WriteCost)).To(BeTrue())
	g.Expect(take(WriteCost)).To(BeFalse())
	g.Expect(take(ReadCost)).To(BeTrue(), "the refused write must not have taken a request")
	g.Expect(take(ReadCost)).To(BeFalse())
}

func TestRetryAtIsWhenATakeSucceeds(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 7, PointsPerMinute: 31})
	now := start
	for range 200 {
		ok, retryAt := b.tryTake(now, WriteCost)
		if !ok {
			early, _ := b.tryTake(retryAt.Add(-time.Millisecond), WriteCost)
			g.Expect(early).To(BeFalse())
			ok, _ = b.tryTake(retryAt, WriteCost)
			now = retryAt
		}
		g.Expect(ok).To(BeTrue())
	}
}

func TestACostAboveItsLimitIsNeverSent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{PointsPerMinute: 4})
	ok, retryAt := b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(time.Hour)))
}

func TestAClockThatStepsBackGivesNothingTwice(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 60})
	n := 0
	for range 100 {
		for _, now := range []time.Time{start.Add(30 * time.Second), start} {
			if ok, _ := b.tryTake(now, ReadCost); ok {
				n++
			}
		}
	}
	g.Expect(n).To(Equal(10))
}

func TestAChangeOfLimitsForgetsNothing(t *testing.T) {
	take := func(b *Bucket, now time.Time) (n int) {
		for ; n < 1000; n++ {
			if ok, _ := b.tryTake(now, WriteCost); !ok {
				return n
			}
		}
		return n
	}
	for name, c := range map[string]struct {
		from, to Limits
		want     int
	}{
		"lower":       {Limits{WritesPerMinute: 80}, Limits{WritesPerMinute: 10}, 0},
		"higher":      {Limits{WritesPerMinute: 20}, Limits{WritesPerMinute: 80}, 0},
		"away":        {Limits{WritesPerMinute: 20}, Limits{}, 1000},
		"none before": {Limits{WritesPerHour: 10}, Limits{WritesPerMinute: 20}, 0},
		"the same":    {Limits{WritesPerMinute: 20}, Limits{WritesPerMinute: 20}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, c.from)
			g.Expect(take(b, start)).To(Equal(10))
			b.setLimits(start, c.to)
			g.Expect(take(b, start)).To(Equal(c.want))
		})
	}
	t.Run("a limit that comes new to an idle bucket starts full", func(t *testing.T) {
		b := newBucket(start, Limits{})
		b.setLimits(start, Limits{WritesPerMinute: 80})
		NewWithT(t).Expect(take(b, start)).To(Equal(10))
		b.setLimits(start, Limits{})
		later := start.Add(61 * time.Second)
		b.setLimits(later, Limits{WritesPerMinute: 80})
		NewWithT(t).Expect(take(b, later)).To(Equal(10))
	})
}

func TestWaitGrowsWithWhatIsAhead(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 80})
	g.Expect(b.Wait(start, 1)).To(BeZero())
	g.Expect(b.Wait(start, 10)).To(BeZero(), "ten leave at once")
	g.Expect(b.Wait(start, 81)).To(BeNumerically("~", 53*time.Second, time.Second))
	b.Observe(start, Feedback{PauseUntil: start.Add(time.Hour)})
	g.Expect(b.Wait(start, 1)).To(Equal(time.Hour))
}

func TestWhatTheSCMDoesNotCountTakesNoRequests(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerHour: 20, PointsPerMinute: 900})
	for range 30 {
		p, _ := b.take(start, ReadCost, nil)
		g.Expect(p).NotTo(BeNil())
		p.answered(start, 304, Feedback{Free: true})
		p.done()
	}
	g.Expect(b.remaining(start)).To(Equal(map[string]int64{requestsPerHour: 20, pointsPerMinute: 870}))
}
