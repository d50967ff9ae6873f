package ratelimit

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

const (
	stormKeys      = 1000
	stormRoundTrip = 300 * time.Millisecond
)

// declaration is a change of what one key should show.
type declaration struct {
	at       time.Duration
	key      string
	priority int
}

// newStorm are the declarations of a storm, in the order of time: all keys are
// queued within ten seconds, begin within a minute after that, and succeed half a
// minute to five minutes later.
func newStorm() (storm []declaration) {
	random := rand.New(rand.NewPCG(1, 2))
	between := func(least, most time.Duration) time.Duration {
		return least + time.Duration(random.Int64N(int64(most-least)))
	}
	for i := range stormKeys {
		name := fmt.Sprint(i)
		queued := between(0, 10*time.Second)
		begun := queued + between(time.Second, time.Minute)
		done := begun + between(30*time.Second, 5*time.Minute)
		storm = append(storm,
			declaration{queued, name, PriorityQueued},
			declaration{begun, name, PriorityInProgress},
			declaration{done, name, PriorityTerminal})
	}
	slices.SortFunc(storm, func(a, b declaration) int { return cmp.Compare(a.at, b.at) })
	return storm
}

// stormSync writes what keys should show, as the hub does: the newest state is read when
// a key has left its lane, and what shows already costs nothing.
type stormSync struct {
	*bench
	want, shown map[string]int
	writes      int
	flying      []stormWrite
}

// stormWrite is a write under way.
type stormWrite struct {
	key      key
	priority int
	paid     *payment
	back     time.Time
}

// BenchmarkCoalescing has each of 1000 keys declare queued, in progress and success
// at an installation that is limited to 80 writes a minute, by a fake clock.
func BenchmarkCoalescing(b *testing.B) {
	var s *stormSync
	storm := newStorm()
	for b.Loop() {
		s = &stormSync{want: map[string]int{}, shown: map[string]int{}}
		s.bench = fakeBench(func(k key) Route { return Route{Lane: acme, Priority: s.want[k.name]} })
		s.weather(b, storm)
		s.ShutDown()
	}
	for name, priority := range s.shown {
		if priority != PriorityTerminal {
			b.Fatalf("%s shows %d in the end", name, priority)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(len(storm)), "states-declared")
	b.ReportMetric(float64(s.writes), "writes-sent")
	b.ReportMetric(100-100*float64(s.writes)/float64(len(storm)), "%-saved")
	b.ReportMetric(s.clock.Since(start).Minutes(), "minutes-until-all-show")
}

// weather goes through a storm until all keys show what they should.
func (s *stormSync) weather(b *testing.B, storm []declaration) {
	for len(storm) > 0 || len(s.flying) > 0 || s.Len() > 0 {
		now := s.clock.Now()
		for ; len(storm) > 0 && !start.Add(storm[0].at).After(now); storm = storm[1:] {
			s.want[storm[0].key] = storm[0].priority
			s.Add(named(acme, storm[0].key))
		}
		for ; len(s.flying) > 0 && !s.flying[0].back.After(now); s.flying = s.flying[1:] {
			w := s.flying[0]
			w.paid.answered(now, 201, Feedback{})
			s.shown[w.key.name] = w.priority
			s.Done(w.key)
		}
		s.due(now)
		for k, ok := s.tryGet(); ok; k, ok = s.tryGet() {
			s.write(b, now, k)
		}
		_, next := s.due(now)
		if len(storm) > 0 {
			next = earlier(next, start.Add(storm[0].at))
		}
		if len(s.flying) > 0 {
			next = earlier(next, s.flying[0].back)
		}
		if next.After(now) {
			s.clock.SetTime(next)
		} else if !next.IsZero() || s.Len() > 0 {
			b.Fatalf("stuck at %s with %d keys in the lane", now, s.Len())
		}
	}
}

// write sends what a key should show now.
func (s *stormSync) write(b *testing.B, now time.Time, k key) {
	want := s.want[k.name]
	if shown, ok := s.shown[k.name]; ok && shown == want {
		s.Done(k)
		return
	}
	paid, _ := s.Slot(k).pay(now, WriteCost)
	if paid == nil {
		b.Fatal("a slot has to pay for a write")
	}
	s.writes++
	s.flying = append(s.flying, stormWrite{k, want, paid, now.Add(stormRoundTrip)})
}
