package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// says is what GitHub's headers tell.
func says(limit, remaining int64, resetIn time.Duration) Feedback {
	return Feedback{Limit: &limit, Remaining: &remaining, Window: time.Hour, ResetAt: start.Add(resetIn)}
}

func TestTheServersCountIsBelievedWhereItIsLower(t *testing.T) {
	for name, c := range map[string]struct {
		heard []Feedback
		// at is when it is tried how many requests leave at once.
		at   time.Duration
		want int
	}{
		"nothing left":                    {[]Feedback{says(100, 0, time.Hour)}, 0, 0},
		"more than a tenth left":          {[]Feedback{says(60, 7, time.Hour)}, 0, 2},
		"plenty left":                     {[]Feedback{says(5000, 4000, time.Hour)}, 0, 10},
		"the reset is over":               {[]Feedback{says(100, 0, time.Minute)}, time.Minute, 10},
		"a reset in the past":             {[]Feedback{says(100, 0, -time.Minute)}, 0, 10},
		"answers overtake one another":    {[]Feedback{says(5000, 2, time.Hour), says(5000, 4000, time.Hour)}, 0, 1},
		"an answer of the window before":  {[]Feedback{says(5000, 4000, time.Hour), says(5000, 0, time.Minute)}, 0, 10},
		"an answer of the next window":    {[]Feedback{says(5000, 0, time.Minute), says(5000, 4000, time.Hour)}, 0, 10},
		"a token bucket fills":            {[]Feedback{{Limit: new(int64(60)), Remaining: new(int64(0)), Refill: 1}}, 3 * time.Second, 3},
		"a batch comes as a whole":        {[]Feedback{{Remaining: new(int64(1)), Refill: 2.5, Batch: 5}}, 1900 * time.Millisecond, 1},
		"a batch has come":                {[]Feedback{{Remaining: new(int64(1)), Refill: 2.5, Batch: 5}}, 2 * time.Second, 6},
		"a token bucket is full at last":  {[]Feedback{{Limit: new(int64(5)), Remaining: new(int64(0)), Refill: 1}}, time.Hour, 5},
		"token bucket answers overtake":   {[]Feedback{{Remaining: new(int64(0)), Refill: .01}, {Remaining: new(int64(9)), Refill: .01}}, 0, 0},
		"a token bucket fills as told":    {[]Feedback{{Remaining: new(int64(0)), Refill: 1}, {Remaining: new(int64(9)), Refill: 2}}, 2 * time.Second, 4},
		"a token bucket tells less later": {[]Feedback{{Remaining: new(int64(9)), Refill: 1}, {Remaining: new(int64(4)), Refill: 1}}, 0, 4},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBucket(start, Limits{RequestsPerHour: 5000})
			for _, f := range c.heard {
				b.Observe(start, f)
			}
			n := 0
			for ; n < 10; n++ {
				if p, _ := b.take(start.Add(c.at), ReadCost, nil); p == nil {
					break
				}
			}
			NewWithT(t).Expect(n).To(Equal(c.want))
		})
	}
}

func TestTheLastTenthIsSpreadUntilTheReset(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, says(5000, 59, time.Hour))
	var at []time.Duration
	for now := start; now.Before(start.Add(time.Hour)); {
		if ok, retryAt := b.tryTake(now, ReadCost); !ok {
			now = retryAt
			continue
		}
		left := int64(59 - len(at) - 1)
		b.Observe(now, says(5000, left, time.Hour))
		at = append(at, now.Sub(start))
	}
	g.Expect(at).To(HaveLen(59))
	for i, d := range at[1:] {
		g.Expect(d - at[i]).To(BeNumerically("~", time.Minute, 5*time.Second))
	}
}

func TestWhatIsUnderWayIsNotSpentTwice(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, Feedback{Remaining: new(int64(2)), ResetAt: start.Add(time.Hour)})
	first, _ := b.take(start, ReadCost, nil)
	_, _ = b.take(start, ReadCost, nil)
	third, _ := b.take(start, ReadCost, nil)
	g.Expect(third).To(BeNil())
	first.refund(start, true)
	third, _ = b.take(start, ReadCost, nil)
	g.Expect(third).NotTo(BeNil(), "what never left is not spent")
	third.lost(start, start, true)
	fourth, _ := b.take(start, ReadCost, nil)
	g.Expect(fourth).To(BeNil(), "what may have arrived is")
}

func TestWhatIsCountedAndNotToldIsTakenOffWhatRemains(t *testing.T) {
	for name, status := range map[string]int{"of a page that is no SCM's": 502, "of a success": 201, "of a refusal": 404} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, Limits{})
			b.Observe(start, Feedback{Remaining: new(int64(3)), ResetAt: start.Add(time.Hour)})
			for i := range 3 {
				p, _ := b.take(start, WriteCost, nil)
				g.Expect(p).NotTo(BeNil(), "%d", i)
				p.answered(start, status, Feedback{})
			}
			ok, retryAt := b.tryTake(start, WriteCost)
			g.Expect(ok).To(BeFalse())
			g.Expect(retryAt).To(Equal(start.Add(time.Hour)))
		})
	}
}

func TestWhatAnAnswerLetsGoKnowsWhatItSays(t *testing.T) {
	for name, f := range map[string]Feedback{
		"nothing remains": {Remaining: new(int64(0)), ResetAt: start.Add(time.Hour)},
		"a pause":         {Limited: true, PauseUntil: start.Add(time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, Limits{MaxInFlight: 1})
			b.Observe(start, Feedback{Remaining: new(int64(1)), ResetAt: start.Add(time.Hour)})
			p, _ := b.take(start, WriteCost, nil)
			_, _ = b.take(start, WriteCost, nil)
			let := 0
			b.watch(func() { let += b.takeAll(start) })
			p.answered(start, 201, f)
			p.done()
			g.Expect(let).To(BeZero())
		})
	}
}

func TestUnusedSlotsTakeNothingOfTheLastTenth(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, says(1000, 50, 1000*time.Second))
	for range 100 {
		slot, _ := b.reserve(start, "nothing to write", 1)
		g.Expect(slot).NotTo(BeNil())
		early, _ := b.reserve(start, "another", 1)
		g.Expect(early).To(BeNil(), "the first may be used any moment")
		slot.done(start)
	}
}

func TestATenthIsOfAllThatIsGrantedUntilTheReset(t *testing.T) {
	g := NewWithT(t)
	// GitLab: 600 a minute, which its administrator set as 36000 an hour.
	b := newBucket(start, Limits{})
	gitlab := func(remaining int64, resetIn time.Duration) Feedback {
		return Feedback{Limit: new(int64(600)), Remaining: &remaining, Window: time.Minute, ResetAt: start.Add(resetIn)}
	}
	b.Observe(start, gitlab(35_000, time.Hour))
	g.Expect(b.takeAll(start)).To(Equal(1000), "as many as it tries")
	b.Observe(start, gitlab(3500, time.Hour))
	_, _ = b.tryTake(start, WriteCost)
	ok, retryAt := b.tryTake(start, WriteCost)
	g.Expect(ok).To(BeFalse(), "less than a tenth of 36000 is left")
	g.Expect(retryAt.Sub(start)).To(BeNumerically("~", time.Second, 100*time.Millisecond))
}

func TestALimitIsLearnedUnlessItIsSet(t *testing.T) {
	learns := Limits{RequestsPerHour: 5000, LearnsPerHour: true}
	for name, c := range map[string]struct {
		ceilings []Limits
		want     int64
	}{
		"unset":                       {[]Limits{learns}, 15000},
		"unset, and no default":       {[]Limits{{LearnsPerHour: true}}, 15000},
		"set lower":                   {[]Limits{{RequestsPerHour: 3000}}, 3000},
		"set higher":                  {[]Limits{{RequestsPerHour: 20000}}, 15000},
		"set to none":                 {[]Limits{{}}, 0},
		"unset here and set there":    {[]Limits{learns, {RequestsPerHour: 8000}}, 8000},
		"unset here, and lower there": {[]Limits{learns, {RequestsPerHour: 3000}}, 3000},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, c.ceilings...)
			b.Observe(start, says(15000, 14000, time.Hour))
			g.Expect(b.Limits().RequestsPerHour).To(Equal(c.want))
			b.Observe(start, Feedback{Limit: new(int64(70)), Window: time.Minute})
			g.Expect(b.Limits().RequestsPerMinute).To(BeZero(), "nobody learns that here")
		})
	}
}

func TestWhoWaitsForABatchComesBackWhenItIsThere(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, Feedback{Remaining: new(int64(0)), Refill: 2.5, Batch: 5})
	now := start.Add(500 * time.Millisecond)
	_, retryAt := b.tryTake(now, ReadCost)
	g.Expect(retryAt).To(Equal(start.Add(2*time.Second)), "the batch comes as a whole")
	for range 5 {
		ok, _ := b.tryTake(retryAt, ReadCost)
		g.Expect(ok).To(BeTrue())
	}
	_, next := b.tryTake(retryAt, ReadCost)
	g.Expect(next).To(Equal(start.Add(4 * time.Second)))
}
