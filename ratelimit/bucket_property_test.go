package ratelimit

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
	"pgregory.net/rapid"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// world is a process with one installation, the network, and the server's own
// count of what arrived.
type world struct {
	*rapid.T
	clock  *clocktesting.FakeClock
	limits Limits
	all    *Installations
	bucket *Bucket
	slots  []*Slot
	flying []*flight
	// records are what the ScmProvider's status says, as of recordedAt.
	records    []v1alpha1.Installation
	recordedAt time.Time
	counted    []count
	// skew is how far the server's clock is ahead of ours.
	skew time.Duration
}

// flight is a request under way.
type flight struct {
	paid *payment
	slot *Slot
	// beside reports whether it is one more request of a slot, which is in flight once.
	beside   bool
	answered time.Time
	outcome  int
}

const (
	outcomeOK = iota
	outcomeLost
	outcomeNeverLeft
	outcomeFree
	outcomeRefused
)

// says draws what an answer tells of the budget, which others spend from too.
func (w *world) says(now time.Time) Feedback {
	if rapid.IntRange(0, 3).Draw(w.T, "tells") > 0 {
		return Feedback{}
	}
	server := now.Add(w.skew)
	limit := rapid.IntRange(1, 300).Draw(w.T, "limit")
	reset := server.Add(time.Duration(rapid.IntRange(-5, 300).Draw(w.T, "reset")) * time.Second)
	return Budget(http.Header{
		"Date":                  {server.UTC().Format(http.TimeFormat)},
		"X-Ratelimit-Limit":     {fmt.Sprint(limit)},
		"X-Ratelimit-Remaining": {fmt.Sprint(rapid.IntRange(0, limit).Draw(w.T, "remaining"))},
		"X-Ratelimit-Reset":     {fmt.Sprint(reset.Unix())},
	}, now)
}

// count is what the server counted of one request.
type count struct {
	at time.Time
	costs
}

func (w *world) start() {
	w.all = NewInstallations(w.clock)
	w.all.SetLimits(acme, "only", w.limits)
	w.all.OnPause(func(string) { w.record() })
	w.all.Restore([][]v1alpha1.Installation{w.records}, 30*time.Second)
	w.bucket = w.all.Get(acme).Bucket()
	w.slots, w.flying = nil, nil
	w.record()
}

func (w *world) record() {
	w.records, w.recordedAt = w.all.Records("only"), w.clock.Now()
}

// run lets time pass, with what happens in it.
func (w *world) run(d time.Duration) {
	for end := w.clock.Now().Add(d); w.clock.Now().Before(end); {
		next := end
		for _, f := range w.flying {
			if f.answered.Before(next) {
				next = f.answered
			}
		}
		if due := w.recordedAt.Add(10 * time.Second); due.Before(next) {
			next = due
		}
		if now := w.clock.Now(); next.After(now) {
			w.clock.SetTime(next)
		}
		w.land()
		if w.clock.Since(w.recordedAt) >= 10*time.Second {
			w.record()
		}
	}
}

// land ends the requests whose answer is due.
func (w *world) land() {
	now := w.clock.Now()
	w.flying = slices.DeleteFunc(w.flying, func(f *flight) bool {
		if f.answered.After(now) {
			return false
		}
		switch f.outcome {
		case outcomeOK:
			f.paid.answered(now, 201, w.says(now))
		case outcomeFree:
			said := w.says(now)
			said.Free = true
			f.paid.answered(now, 304, said)
		case outcomeRefused:
			header := http.Header{"Retry-After": {fmt.Sprint(rapid.IntRange(0, 30).Draw(w.T, "retry after"))}}
			f.paid.refusedUntil(now, PauseAsked(header, now))
			f.paid.answered(now, 429, Feedback{Limited: true, Secondary: true, PauseUntil: PauseAsked(header, now)})
		case outcomeLost:
			f.paid.lost(now, now, true)
		case outcomeNeverLeft:
			f.paid.refund(now, true)
		}
		f.paid.done()
		if f.slot != nil {
			f.slot.done(now)
		}
		return true
	})
}

// send draws how a request fares, and lets the server count it.
func (w *world) send(p *payment, slot *Slot, cost Cost) {
	now := w.clock.Now()
	f := &flight{paid: p, slot: slot, outcome: rapid.SampledFrom([]int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4}).Draw(w.T, "outcome")}
	there := time.Duration(rapid.IntRange(0, 3000).Draw(w.T, "there")) * time.Millisecond
	back := time.Duration(rapid.IntRange(0, 20000).Draw(w.T, "back")) * time.Millisecond
	f.answered = now.Add(there + back)
	if f.outcome != outcomeNeverLeft {
		c := count{now.Add(there), cost.costs()}
		if f.outcome == outcomeFree {
			// GitHub weighs it, and does not count it.
			c.requests = 0
		}
		w.counted = append(w.counted, c)
	}
	w.flying = append(w.flying, f)
}

// use sends up to three requests with a slot.
func (w *world) use(s *Slot, cost *rapid.Generator[Cost]) {
	last := -1
	for range rapid.IntRange(1, 3).Draw(w.T, "requests") {
		c := cost.Draw(w.T, "cost")
		p, _ := s.pay(w.clock.Now(), c)
		if p == nil {
			break
		}
		w.send(p, nil, c)
		last = len(w.flying) - 1
		w.flying[last].beside = true
	}
	if last < 0 {
		s.done(w.clock.Now())
		return
	}
	// It is done with the last of them, which may be answered before the others.
	w.flying[last].slot, w.flying[last].beside = s, false
}

// check looks for a window in which the server counted more than the limit, and
// whether too much is in flight.
func (w *world) check() {
	inFlight := int64(len(w.slots))
	for _, f := range w.flying {
		if !f.beside {
			inFlight++
		}
	}
	if most := w.limits.MaxInFlight; most > 0 && inFlight > most || inFlight != w.bucket.InFlight() {
		w.Fatalf("%d are in flight of %d allowed, by the bucket's count %d", inFlight, most, w.bucket.InFlight())
	}
	slices.SortFunc(w.counted, func(a, b count) int { return a.at.Compare(b.at) })
	for _, c := range []struct {
		name   string
		limit  int64
		window time.Duration
		of     func(costs) int64
	}{
		{"requests an hour", w.limits.RequestsPerHour, time.Hour, requestsOf},
		{"requests a minute", w.limits.RequestsPerMinute, time.Minute, requestsOf},
		{"points a minute", w.limits.PointsPerMinute, time.Minute, pointsOf},
		{"writes a minute", w.limits.WritesPerMinute, time.Minute, writesOf},
		{"writes an hour", w.limits.WritesPerHour, time.Hour, writesOf},
	} {
		first, sum := 0, int64(0)
		for _, each := range w.counted {
			for sum += c.of(each.costs); each.at.Sub(w.counted[first].at) >= c.window; first++ {
				sum -= c.of(w.counted[first].costs)
			}
			if c.limit > 0 && sum > c.limit {
				w.Fatalf("%d %s of %d allowed, until %s", sum, c.name, c.limit, each.at)
			}
		}
	}
}

func TestNoSlidingWindowEverHoldsMoreThanItsLimit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := func(name string, least, most int64) int64 {
			if rapid.Bool().Draw(t, "has "+name) {
				return rapid.Int64Range(least, most).Draw(t, name)
			}
			return 0
		}
		w := &world{T: t, clock: newClock(), limits: Limits{
			RequestsPerHour: limit("requests an hour", 1, 200), RequestsPerMinute: limit("requests a minute", 1, 60),
			PointsPerMinute: limit("points a minute", 5, 200), WritesPerMinute: limit("writes a minute", 1, 40),
			WritesPerHour: limit("writes an hour", 1, 100), MaxInFlight: limit("in flight", 1, 20),
		}}
		w.skew = time.Duration(rapid.IntRange(-3600, 3600).Draw(t, "skew")) * time.Second
		w.start()
		cost := rapid.SampledFrom([]Cost{ReadCost, WriteCost, WriteCost})
		t.Repeat(map[string]func(*rapid.T){
			"take as many as there are": func(t *rapid.T) {
				for range 300 {
					c := cost.Draw(t, "cost")
					p, _ := w.bucket.take(w.clock.Now(), c, nil)
					if p == nil {
						return
					}
					w.send(p, nil, c)
				}
			},
			"work off a backlog": func(t *rapid.T) {
				end := w.clock.Now().Add(time.Duration(rapid.IntRange(1, 200).Draw(t, "seconds")) * time.Second)
				for now := w.clock.Now(); now.Before(end); now = w.clock.Now() {
					p, retryAt := w.bucket.take(now, WriteCost, nil)
					if p != nil {
						w.send(p, nil, WriteCost)
						retryAt = now.Add(20 * time.Millisecond)
					}
					w.run(min(max(retryAt.Sub(now), time.Millisecond), end.Sub(now)))
				}
			},
			"reserve": func(t *rapid.T) {
				if s, _ := w.bucket.reserve(w.clock.Now(), nil, rapid.IntRange(1, 5).Draw(t, "writes")); s != nil {
					w.slots = append(w.slots, s)
				}
			},
			"use a slot": func(t *rapid.T) {
				if len(w.slots) == 0 {
					t.Skip("no slot")
				}
				s := w.slots[0]
				w.slots = w.slots[1:]
				w.use(s, cost)
			},
			"give slots back": func(*rapid.T) {
				for range 10 {
					if s, _ := w.bucket.reserve(w.clock.Now(), nil, 1); s != nil {
						s.done(w.clock.Now())
					}
				}
			},
			"let time pass": func(t *rapid.T) {
				w.run(time.Duration(rapid.IntRange(1, 90_000).Draw(t, "ms")) * time.Millisecond)
			},
			"ask with a clock that stepped back": func(t *rapid.T) {
				p, _ := w.bucket.take(w.clock.Now().Add(-time.Hour), ReadCost, nil)
				if p != nil {
					w.send(p, nil, ReadCost)
				}
			},
			"kill and start again": func(t *rapid.T) {
				// What was on its way arrives while nobody runs.
				w.clock.Step(time.Duration(rapid.IntRange(3000, 9000).Draw(t, "down")) * time.Millisecond)
				w.start()
			},
			"": func(*rapid.T) { w.check() },
		})
	})
}
