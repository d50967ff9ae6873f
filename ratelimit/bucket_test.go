package ratelimit

import (
	"math/rand/v2"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// spent is one request that left a bucket.
type spent struct {
	at   time.Time
	cost Cost
}

// backlog takes what a bucket gives for a time, asking again when it says so.
// Half of it goes through slots that are used late, a few of them never.
func backlog(b *Bucket, d time.Duration, random *rand.Rand) (log []spent) {
	type late struct {
		slot *Slot
		at   time.Time
		cost Cost
	}
	var held []late
	end := start.Add(d)
	for now := start; now.Before(end); {
		kept := held[:0]
		for _, l := range held {
			switch {
			case l.at.After(now):
				kept = append(kept, l)
				continue
			case random.IntN(20) > 0:
				if first, ok, _ := l.slot.use(now, l.cost); first && ok {
					log = append(log, spent{now, l.cost})
				}
			}
			l.slot.done(now)
		}
		held = kept
		cost := WriteCost
		if random.IntN(4) == 0 {
			cost = ReadCost
		}
		var retryAt time.Time
		if random.IntN(2) == 0 {
			var slot *Slot
			if slot, retryAt = b.reserve(now); slot != nil {
				held = append(held, late{slot, now.Add(time.Duration(random.IntN(5000)) * time.Millisecond), cost})
				continue
			}
		} else {
			var ok bool
			if ok, retryAt = b.TryTake(now, cost); ok {
				log = append(log, spent{now, cost})
				b.Release()
				continue
			}
		}
		for _, l := range held {
			if l.at.Before(retryAt) {
				retryAt = l.at
			}
		}
		if !retryAt.After(now) {
			retryAt = now.Add(time.Millisecond)
		}
		now = retryAt
	}
	return log
}

// most is the most that any half-open window of a length saw.
func most(log []spent, length time.Duration, weight func(Cost) int) (sum int64) {
	first, now := 0, 0
	for _, s := range log {
		now += weight(s.cost)
		for s.at.Sub(log[first].at) >= length {
			now -= weight(log[first].cost)
			first++
		}
		sum = max(sum, int64(now))
	}
	return sum
}

func one(Cost) int      { return 1 }
func points(c Cost) int { return c.Points }
func writes(c Cost) int {
	if c.Write {
		return 1
	}
	return 0
}

func TestNoSlidingWindowExceedsALimit(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	cases := []Limits{Defaults("github.com"), Defaults("gitlab.com"), Defaults("bitbucket.org"), {WritesPerHour: 1}, {RequestsPerMinute: 1}}
	for range 25 {
		some := func(n int64) int64 { return max(0, random.Int64N(n)-n/4) }
		cases = append(cases, Limits{
			RequestsPerHour: some(3000), RequestsPerMinute: some(200), PointsPerMinute: 5 + some(900),
			WritesPerMinute: some(100), WritesPerHour: some(600), MaxInFlight: some(30),
		})
	}
	for _, l := range cases {
		g := NewWithT(t)
		log := backlog(newBucket(start, l), 150*time.Minute, random)
		g.Expect(log).NotTo(BeEmpty(), "%+v", l)
		check := func(limit int64, got int64) {
			if limit > 0 {
				g.Expect(got).To(BeNumerically("<=", limit), "%+v", l)
			}
		}
		check(l.RequestsPerHour, most(log, time.Hour, one))
		check(l.RequestsPerMinute, most(log, time.Minute, one))
		check(l.PointsPerMinute, most(log, time.Minute, points))
		check(l.WritesPerMinute, most(log, time.Minute, writes))
		check(l.WritesPerHour, most(log, time.Hour, writes))
	}
}

func TestABacklogUsesMostOfTheLimit(t *testing.T) {
	b := newBucket(start, Limits{WritesPerMinute: 80})
	n := 0
	for now := start; now.Before(start.Add(time.Hour)); {
		ok, retryAt := b.TryTake(now, WriteCost)
		if ok {
			n++
			continue
		}
		now = retryAt
	}
	NewWithT(t).Expect(n).To(BeNumerically(">=", 60*80*85/100))
}

func TestAnIdleBucketLetsTenWritesThroughAtOnce(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Defaults("github.com").Min(Limits{WritesPerHour: 500}))
	for range 10 {
		ok, _ := b.TryTake(start, WriteCost)
		g.Expect(ok).To(BeTrue())
		b.Release()
	}
	ok, retryAt := b.TryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(BeTemporally("~", start.Add(7*time.Second), 2*time.Second))
}

func TestATakeIsAllOrNothing(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 2, WritesPerHour: 1})
	take := func(c Cost) bool { ok, _ := b.TryTake(start, c); return ok }
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
		ok, retryAt := b.TryTake(now, WriteCost)
		if !ok {
			early, _ := b.TryTake(retryAt.Add(-time.Millisecond), WriteCost)
			g.Expect(early).To(BeFalse())
			ok, _ = b.TryTake(retryAt, WriteCost)
			now = retryAt
		}
		g.Expect(ok).To(BeTrue())
	}
}

func TestACostAboveItsLimitIsNeverSent(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{PointsPerMinute: 4})
	ok, retryAt := b.TryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse())
	g.Expect(retryAt).To(Equal(start.Add(time.Hour)))
}

func TestAClockThatStepsBackGivesNothingTwice(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{RequestsPerMinute: 60})
	n := 0
	for range 100 {
		for _, now := range []time.Time{start.Add(30 * time.Second), start} {
			if ok, _ := b.TryTake(now, ReadCost); ok {
				n++
			}
		}
	}
	g.Expect(n).To(Equal(10))
}

func TestAChangeOfLimitsForgetsNothing(t *testing.T) {
	take := func(b *Bucket, now time.Time) (n int) {
		for ; n < 1000; n++ {
			if ok, _ := b.TryTake(now, WriteCost); !ok {
				return n
			}
		}
		return n
	}
	for name, c := range map[string]struct {
		from, to Limits
		want     int
	}{
		"lower":       {Limits{WritesPerMinute: 80}, Limits{WritesPerMinute: 20}, 0},
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
		later := start.Add(time.Minute)
		b.setLimits(later, Limits{WritesPerMinute: 80})
		NewWithT(t).Expect(take(b, later)).To(Equal(10))
	})
}

func TestAnAnswerPausesTheBucket(t *testing.T) {
	zero, some := new(int64(0)), new(int64(17))
	for name, c := range map[string]struct {
		feedback []Feedback
		want     time.Duration
	}{
		"retry after":                      {[]Feedback{{PauseUntil: start.Add(time.Minute)}}, time.Minute},
		"nothing left":                     {[]Feedback{{Remaining: zero, ResetAt: start.Add(time.Hour)}}, time.Hour},
		"something left":                   {[]Feedback{{Remaining: some, ResetAt: start.Add(time.Hour)}}, 0},
		"a reset in the past":              {[]Feedback{{Remaining: zero, ResetAt: start.Add(-time.Hour)}}, 0},
		"a reset too far ahead":            {[]Feedback{{Remaining: zero, ResetAt: start.Add(1000 * time.Hour)}}, 2 * time.Hour},
		"a pause too long":                 {[]Feedback{{PauseUntil: start.Add(1000 * time.Hour)}}, 2 * time.Hour},
		"the longer of both":               {[]Feedback{{PauseUntil: start.Add(time.Minute), Remaining: zero, ResetAt: start.Add(time.Hour)}}, time.Hour},
		"no later answer shortens it":      {[]Feedback{{PauseUntil: start.Add(time.Hour)}, {PauseUntil: start.Add(time.Minute)}, {Remaining: some}}, time.Hour},
		"an answer that says nothing":      {[]Feedback{{}}, 0},
		"nothing left, but not until when": {[]Feedback{{Remaining: zero}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, Limits{})
			for _, f := range c.feedback {
				b.Observe(start, f)
			}
			ok, retryAt := b.TryTake(start, ReadCost)
			g.Expect(ok).To(Equal(c.want == 0))
			if c.want > 0 {
				g.Expect(retryAt).To(Equal(start.Add(c.want)))
				g.Expect(b.PausedUntil(start)).To(Equal(start.Add(c.want)))
			}
			ok, _ = b.TryTake(start.Add(c.want), ReadCost)
			g.Expect(ok).To(BeTrue())
			g.Expect(b.PausedUntil(start.Add(c.want))).To(BeZero())
		})
	}
}

func TestObservedIsWhatTheServerSaidLast(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, Feedback{Limit: new(int64(5000)), Remaining: new(int64(42)), ResetAt: start.Add(time.Minute)})
	b.Observe(start, Feedback{Remaining: new(int64(41))})
	g.Expect(b.Observed()).To(Equal(Feedback{Limit: new(int64(5000)), Remaining: new(int64(41)), ResetAt: start.Add(time.Minute)}))
}
