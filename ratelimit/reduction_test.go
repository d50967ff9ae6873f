package ratelimit

import (
	"net/http"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// asks is a refusal that says when to go on, without a figure.
func asks(now time.Time, pause time.Duration) Feedback {
	return Feedback{Limited: true, PauseUntil: now.Add(pause)}
}

func TestBucketCut_HalvesOnTheSecondRefusalAndDoublesBack(t *testing.T) {
	none := int64(0)
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for name, c := range map[string]struct {
		limits  Limits
		refused []func(now time.Time) (_ Feedback, then time.Duration)
		want    []int64 // the rate after each, 0: as before
	}{
		"hints ten minutes apart": {Limits{WritesPerMinute: 80}, []func(time.Time) (Feedback, time.Duration){
			func(now time.Time) (Feedback, time.Duration) { return asks(now, 3*time.Second), minutes(11) },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Hour), minutes(71) },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Second), 0 },
		}, []int64{0, 0, 0}},
		"hints within ten minutes": {Limits{WritesPerMinute: 80}, []func(time.Time) (Feedback, time.Duration){
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Second), minutes(9) },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Second), time.Second },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Second), 0 },
		}, []int64{0, 40, 20}},
		"within ten minutes after a long pause": {Limits{}, []func(time.Time) (Feedback, time.Duration){
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Hour), minutes(61) },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Second), 0 },
		}, []int64{0, 40}},
		"no hint": {Limits{WritesPerMinute: 80, RequestsPerHour: 1200}, []func(time.Time) (Feedback, time.Duration){
			func(time.Time) (Feedback, time.Duration) { return Feedback{Limited: true}, 0 },
		}, []int64{10}},
		"under way when the pause began": {Limits{WritesPerMinute: 80}, []func(time.Time) (Feedback, time.Duration){
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Minute), 0 },
			func(now time.Time) (Feedback, time.Duration) { return asks(now, time.Minute), 0 },
			func(time.Time) (Feedback, time.Duration) { return Feedback{Secondary: true}, 0 },
		}, []int64{0, 0, 0}},
		"a budget that is spent": {Limits{WritesPerMinute: 80}, []func(time.Time) (Feedback, time.Duration){
			func(now time.Time) (Feedback, time.Duration) {
				return Feedback{Limited: true, Remaining: &none, PauseUntil: now.Add(time.Minute)}, minutes(2)
			},
			func(now time.Time) (Feedback, time.Duration) {
				return Feedback{Limited: true, Remaining: &none, PauseUntil: now.Add(time.Minute)}, 0
			},
		}, []int64{0, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			b, now := newBucket(start, c.limits), start
			for i, refuse := range c.refused {
				f, then := refuse(now)
				b.Observe(now, f)
				rate := int64(0)
				if b.reduction.halvings > 0 {
					rate = b.reduction.perMinute()
				}
				g.Expect(rate).To(Equal(c.want[i]))
				now = now.Add(then)
			}
		})
	}
}

func TestBucketCut_DoublesEachQuietMinute(t *testing.T) {
	g := NewWithT(t)
	b, now := newBucket(start, Limits{WritesPerMinute: 80}), start
	for range 20 {
		b.Observe(now, asks(now, time.Second))
		now = now.Add(time.Second)
	}
	g.Expect(b.reduction.perMinute()).To(BeEquivalentTo(1), "one a minute is left at least")
	var got []int64
	for b.reduction.halvings > 0 {
		now = now.Add(time.Minute)
		b.Observe(now, Feedback{})
		b.Observe(now, Feedback{})
		got = append(got, b.reduction.perMinute())
	}
	g.Expect(got).To(Equal([]int64{2, 5, 10, 20, 40, 80}))
}

// refusing is an SCM in front of a backlog. refuse reports whether it refuses its n-th
// request, and for how long it then asks for a pause.
type refusing func(n int) (pause time.Duration, refused bool)

// work sends a backlog of writes for a time, ten at once at most and with 100 ms an
// answer, and returns when each was sent.
func (refuse refusing) work(b *Bucket, backlog int, most time.Duration) (sent []time.Time) {
	type flight struct {
		slot *Slot
		paid *payment
		n    int
		at   time.Time
	}
	var flying []flight
	for now := start; now.Sub(start) < most && (backlog > 0 || len(flying) > 0); now = now.Add(10 * time.Millisecond) {
		for len(flying) > 0 && now.Sub(flying[0].at) >= 100*time.Millisecond {
			f := flying[0]
			flying = flying[1:]
			if pause, refused := refuse(f.n); refused {
				header := http.Header{}
				header.Set("Retry-After", pause.String()[:len(pause.String())-1])
				until, _ := RetryAfter(header, now)
				f.paid.answered(now, http.StatusTooManyRequests, Feedback{Limited: true, PauseUntil: until})
				backlog++
			} else {
				f.paid.answered(now, http.StatusCreated, Feedback{})
			}
			f.slot.done(now)
		}
		for backlog > 0 {
			slot, _ := b.reserve(now, len(sent), 1)
			if slot == nil {
				break
			}
			paid, _ := slot.pay(now, WriteCost)
			flying = append(flying, flight{slot, paid, len(sent), now})
			sent, backlog = append(sent, now), backlog-1
		}
	}
	return sent
}

func TestBucket_WorksOffABacklogSoonAfterOneRefusal(t *testing.T) {
	g := NewWithT(t)
	refuse := refusing(func(n int) (time.Duration, bool) { return 3 * time.Second, n == 100 })
	sent := refuse.work(newBucket(start, Limits{MaxInFlight: defaultInFlight}), 200, time.Hour)
	g.Expect(sent).To(HaveLen(201))
	g.Expect(sent[200].Sub(start)).To(BeNumerically("<", 15*time.Second))

	refusedAt := sent[100].Add(100 * time.Millisecond)
	on := refusedAt.Add(3 * time.Second)
	var paused, atOnce int
	for _, at := range sent {
		if at.After(refusedAt) && at.Before(on) {
			paused++
		}
		if !at.Before(on) && at.Before(on.Add(time.Second)) {
			atOnce++
		}
	}
	g.Expect(paused).To(BeZero())
	g.Expect(sent).To(ContainElement(on), "it is obeyed to the letter")
	g.Expect(atOnce).To(BeNumerically("<=", 20), "no burst follows")
}

func TestBucket_SendsNoBurstOfItsLimitAfterAPause(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{WritesPerMinute: 80, MaxInFlight: defaultInFlight})
	b.Observe(start, Feedback{PauseUntil: start.Add(time.Minute)})
	g.Expect(b.takeAll(start.Add(time.Minute))).To(Equal(1))
	n := 1
	for at := start.Add(time.Minute); at.Before(start.Add(63 * time.Second)); at = at.Add(50 * time.Millisecond) {
		n += b.takeAll(at)
	}
	g.Expect(n).To(BeNumerically("<=", 5), "three seconds of the limit's stream")
	for at := start.Add(time.Minute); at.Before(start.Add(2 * time.Minute)); at = at.Add(50 * time.Millisecond) {
		n += b.takeAll(at)
	}
	g.Expect(n).To(BeNumerically("~", 80, 1), "and the limit is used")

	idle := newBucket(start, Limits{WritesPerMinute: 80})
	idle.Observe(start, Feedback{PauseUntil: start.Add(time.Second)})
	g.Expect(idle.takeAll(start.Add(time.Hour))).To(Equal(burst), "an idle one has its burst")
}

func TestBucket_SendsEverLessToAnSCMThatRefusesEverAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pause := time.Duration(rapid.IntRange(1, 20).Draw(t, "retry after")) * time.Second
		every := rapid.IntRange(1, 10).Draw(t, "every")
		refuse := refusing(func(n int) (time.Duration, bool) { return pause, n%every == 0 })
		sent := refuse.work(newBucket(start, Limits{MaxInFlight: defaultInFlight}), 1_000_000, 20*time.Minute)
		var minutes [20]int
		for _, at := range sent {
			minutes[int(at.Sub(start).Minutes())]++
		}
		if minutes[0] <= minutes[10] || minutes[10] > 12*every {
			t.Fatalf("requests by minute: %v", minutes)
		}
	})
}

func TestSlot_GivesItsTurnBackIfItSentNothing(t *testing.T) {
	g := NewWithT(t)
	b := newBucket(start, Limits{})
	b.Observe(start, Feedback{Limited: true})
	on := start.Add(time.Minute)
	slot, _ := b.reserve(on, nil, 1)
	g.Expect(slot).NotTo(BeNil())
	refused, _ := b.reserve(on, nil, 1)
	g.Expect(refused).To(BeNil(), "the rate is cut")
	slot.done(on)
	slot, _ = b.reserve(on, nil, 1)
	g.Expect(slot).NotTo(BeNil())
	for range 2 {
		paid, _ := slot.pay(on, WriteCost)
		g.Expect(paid).NotTo(BeNil())
	}
	slot.done(on)
	gap := time.Minute / 40
	refused, _ = b.reserve(on.Add(2*gap-time.Millisecond), nil, 1)
	g.Expect(refused).To(BeNil(), "a second write counts as well")
	slot, _ = b.reserve(on.Add(2*gap), nil, 1)
	g.Expect(slot).NotTo(BeNil())
}
