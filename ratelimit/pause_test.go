package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAnAnswerPausesTheBucket(t *testing.T) {
	for name, c := range map[string]struct {
		feedback []Feedback
		want     time.Duration
	}{
		"retry after":                 {[]Feedback{{PauseUntil: start.Add(2 * time.Minute)}}, 2 * time.Minute},
		"retry after a limit":         {[]Feedback{{PauseUntil: start.Add(time.Second), Limited: true, Secondary: true}}, time.Second},
		"a time in the past":          {[]Feedback{{PauseUntil: start.Add(-time.Hour)}}, 0},
		"a pause too long":            {[]Feedback{{PauseUntil: start.Add(1000 * time.Hour)}}, 24 * time.Hour},
		"limited, without a time":     {[]Feedback{{Limited: true}}, time.Minute},
		"secondary, without a time":   {[]Feedback{{Limited: true, Secondary: true}}, time.Minute},
		"answers to what was sent":    {[]Feedback{{Limited: true}, {Limited: true}, {Limited: true}}, time.Minute},
		"no later answer shortens it": {[]Feedback{{PauseUntil: start.Add(time.Hour)}, {PauseUntil: start.Add(time.Minute)}, {}}, time.Hour},
		"a later answer lengthens it": {[]Feedback{{Limited: true}, {PauseUntil: start.Add(time.Hour)}}, time.Hour},
		"an answer that says nothing": {[]Feedback{{}}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b := newBucket(start, Limits{})
			told := 0
			b.onPause = func() { told++ }
			for _, f := range c.feedback {
				b.Observe(start, f)
			}
			ok, retryAt := b.tryTake(start, ReadCost)
			g.Expect(ok).To(Equal(c.want == 0))
			if c.want > 0 {
				g.Expect(retryAt).To(Equal(start.Add(c.want)))
				g.Expect(b.PausedUntil(start)).To(Equal(start.Add(c.want)))
				g.Expect(told).To(BeNumerically(">", 0))
			}
			ok, _ = b.tryTake(start.Add(c.want), ReadCost)
			g.Expect(ok).To(BeTrue())
			g.Expect(b.PausedUntil(start.Add(c.want))).To(BeZero())
		})
	}
}

func TestALimitWithoutATimePausesTwiceAsLongEachTimeAndEases(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	now := start
	refused := func() time.Duration {
		b.Observe(now, Feedback{Limited: true})
		wait := b.PausedUntil(now).Sub(now)
		now = now.Add(wait)
		return wait
	}
	for _, minutes := range []int{1, 2, 4, 8, 15, 15} {
		g.Expect(refused()).To(Equal(time.Duration(minutes) * time.Minute))
	}
	for range 3 {
		now = now.Add(time.Minute)
		b.Observe(now, Feedback{})
		b.Observe(now, Feedback{})
	}
	g.Expect(refused()).To(Equal(8*time.Minute), "three minutes of success took three doublings away")
	for range 10 {
		now = now.Add(time.Minute)
		b.Observe(now, Feedback{})
	}
	g.Expect(refused()).To(Equal(time.Minute))
}
