package ratelimit

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestLanesTakeTurns(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range append(many("git.example.com/a", 3), many("git.example.com/b", 2)...) {
		k.name = k.lane[len(k.lane)-1:] + k.name
		q.Add(k)
	}
	g.Expect(strings.Join(q.drain(), " ")).To(Equal("a0 b0 a1 b1 a2"))
}

func TestAPausedInstallationDelaysNoOther(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.installations.Get("git.example.com/a").Bucket().Observe(start, Feedback{PauseUntil: start.Add(time.Hour)})
	for _, k := range append(many("git.example.com/a", 500), named("git.example.com/b", "b"), named("", "free")) {
		q.Add(k)
	}
	g.Expect(q.drain()).To(ConsistOf("b", "free"))
	got := q.getting()
	q.Add(named("git.example.com/b", "b2"))
	g.Eventually(got).Should(Receive(Equal(named("git.example.com/b", "b2"))))
}

func TestALaneWakesWhenItsPauseIsOver(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.installations.Get(acme).Bucket().Observe(start, Feedback{PauseUntil: start.Add(time.Hour)})
	q.Add(named(acme, "a"))
	got := q.getting()
	g.Eventually(q.clock.Waiters).Should(Equal(1))
	q.clock.Step(time.Hour - time.Second)
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.clock.Step(time.Second)
	g.Eventually(got).Should(Receive())
}

func TestALaneThatWakesGivesWorkToEveryWorker(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.installations.Get(acme).Bucket().Observe(start, Feedback{PauseUntil: start.Add(time.Hour)})
	q.Add(named(acme, "a"))
	q.Add(named(acme, "b"))
	g.Expect(q.drain()).To(BeEmpty())
	one, two := q.getting(), q.getting()
	g.Consistently(one, "20ms").ShouldNot(Receive())
	q.clock.Step(time.Hour + afterPause)
	g.Eventually(one).Should(Receive())
	g.Eventually(two).Should(Receive())
}

func TestALaneWakesWhenItsBucketCanPay(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{WritesPerMinute: 1})
	a, b := named(acme, "a"), named(acme, "b")
	q.Add(a)
	q.Add(b)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	paid, _ := q.Slot(a).pay(start, WriteCost)
	paid.answered(start, 201, Feedback{})
	q.Done(a)
	got := q.getting()
	g.Eventually(q.clock.Waiters).Should(Equal(1))
	q.clock.Step(59 * time.Second)
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.clock.Step(2 * time.Second)
	g.Eventually(got).Should(Receive(Equal(b)))
}

func TestAHigherLimitWakesALane(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{MaxInFlight: 1})
	q.Add(named(acme, "a"))
	q.Add(named(acme, "b"))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	got := q.getting()
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.limit(acme, Limits{MaxInFlight: 2})
	g.Eventually(got).Should(Receive())
}

func TestNoMoreThanMaxInFlightLeaveALane(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{MaxInFlight: 3})
	for _, k := range many(acme, 5) {
		q.Add(k)
	}
	q.Add(named("", "free"))
	g.Expect(q.drain()).To(ConsistOf("0", "1", "2", "free"))
	got := q.getting()
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.Done(named(acme, "1"))
	g.Eventually(got).Should(Receive(Equal(named(acme, "3"))))
}

func TestAnUnusedSlotPaysForTheNextItem(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{WritesPerHour: 1})
	q.Add(named(acme, "a"))
	q.Add(named(acme, "b"))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	got := q.getting()
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.Done(named(acme, "a"))
	g.Eventually(got).Should(Receive(Equal(named(acme, "b"))))
}

func TestASlotIsThereUntilDone(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(named(acme, "a"))
	q.Add(named("", "free"))
	g.Expect(q.drain()).To(HaveLen(2))
	g.Expect(q.Slot(named(acme, "a"))).NotTo(BeNil())
	g.Expect(q.Slot(named("", "free"))).To(BeNil())
	q.Done(named(acme, "a"))
	g.Expect(q.Slot(named(acme, "a"))).To(BeNil())
	g.Expect(q.installations.Get(acme).Bucket().InFlight()).To(BeZero())
}

func TestItemsThatExcludeEachOtherAreInWorkOneByOne(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	x := func(name string, priority int) key {
		return key{lane: acme, exclusion: "x", name: name, priority: priority}
	}
	for _, k := range []key{x("1", 0), x("2", 0), named(acme, "other"), x("3", 1)} {
		q.Add(k)
	}
	g.Expect(q.drain()).To(Equal([]string{"3", "other"}))
	g.Expect(q.Depths()).To(Equal(map[string]int{acme: 2}))
	q.Done(x("3", 1))
	g.Expect(q.drain()).To(Equal([]string{"1"}))
	q.Done(x("1", 0))
	got := q.getting()
	g.Eventually(got).Should(Receive(Equal(x("2", 0))))
	g.Expect(q.Depths()).To(BeEmpty())
	q.Done(x("2", 0))
	g.Expect(q.exclusions).To(BeEmpty())
}

func TestAnItemThatChangesItsExclusionLetsTheNextOneGo(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2", "3"} {
		routes[name] = Route{Lane: acme, Exclusion: "x"}
		q.Add(named("", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"1"}))
	q.limit(acme, Limits{MaxInFlight: 1})
	q.Add(named("", "1"))
	q.Done(named("", "1"))
	routes["2"] = Route{Lane: "gitlab.com/1"}
	q.Add(named("", "2"))
	g.Expect(q.drain()).To(ConsistOf("2", "3"))
	q.Done(named("", "3"))
	g.Expect(q.drain()).To(ConsistOf("1"))
}

func TestAnEmptyLaneIsForgotten(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 100 {
		q.Add(named(fmt.Sprintf("git.example.com/%d", i), "a"))
	}
	g.Expect(q.Depths()).To(HaveLen(100))
	g.Expect(q.drain()).To(HaveLen(100))
	g.Expect(q.lanes).To(BeEmpty())
	g.Expect(q.turns.Len()).To(BeZero())
	g.Expect(q.installations.Get("git.example.com/1").bucket.watchers).To(BeEmpty())
}

func TestGoroutinesAndTimersDoNotGrowWithKeys(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{WritesPerHour: 1})
	before := runtime.NumGoroutine()
	for i, k := range many(acme, 10_000) {
		q.Add(k)
		q.AddAfter(named("", k.name), time.Duration(i+1)*time.Minute)
	}
	g.Expect(q.drain()).To(HaveLen(1))
	g.Eventually(q.clock.Waiters).Should(Equal(1))
	g.Expect(runtime.NumGoroutine()).To(BeNumerically("<=", before))
}
