package ratelimit

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// of is a key of a cluster, all in one lane.
func of(cluster, name string, priority int) key {
	return key{lane: acme, cluster: cluster, name: name, priority: priority}
}

func TestClustersTakeTurns(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
		q.Add(of(name[:1], name, PriorityTerminal))
	}
	g.Expect(q.handleAll()).To(Equal("a1 b1 c1 a2 b2 a3"))
}

func TestAKeyOfAQuietClusterWaitsOneTurnOfEachOther(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 10_000 {
		q.Add(of("a", fmt.Sprint("a", i), PriorityTerminal))
	}
	for i := range 500 {
		q.Add(of("c", fmt.Sprint("c", i), PriorityTerminal))
	}
	g.Expect(q.handle()).To(Equal("a0"))
	q.Add(of("b", "b", PriorityQueued))
	g.Expect([]string{q.handle(), q.handle(), q.handle()}).To(Equal([]string{"c0", "a1", "b"}))
}

func TestAClusterThatComesBackIsLast(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(of("a", "a1", PriorityQueued))
	q.Add(of("b", "b1", PriorityQueued))
	q.Add(of("c", "c1", PriorityQueued))
	g.Expect(q.handle()).To(Equal("a1"))
	q.Add(of("a", "a2", PriorityTerminal))
	g.Expect(q.handleAll()).To(Equal("b1 c1 a2"))
}

func TestAPauseKeepsWhoseTurnItIs(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "a2", "b1", "b2"} {
		q.Add(of(name[:1], name, 0))
	}
	g.Expect(q.handle()).To(Equal("a1"))
	q.pause(acme, start.Add(time.Minute))
	g.Expect(q.handle()).To(BeEmpty())
	q.clock.Step(afterPause)
	q.due(q.clock.Now())
	g.Expect(q.handleAll()).To(Equal("b1 a2 b2"))
}

func TestWithinATurnTheHigherClassGoesFirst(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range []key{
		of("a", "recheck", PriorityRecheck), of("a", "queued", PriorityQueued), of("b", "b", PriorityQueued),
		of("a", "terminal", PriorityTerminal), of("a", "progress", PriorityInProgress), of("a", "terminal2", PriorityTerminal),
	} {
		q.Add(k)
	}
	g.Expect(q.handleAll()).To(Equal("terminal b terminal2 progress queued recheck"))
}

func TestAPriorityBeyondTheClassesIsTheNearest(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range []key{of("a", "recheck", PriorityRecheck), of("a", "low", -7), of("a", "terminal", PriorityTerminal), of("a", "high", 99)} {
		q.Add(k)
	}
	g.Expect(q.handleAll()).To(Equal("terminal high recheck low"))
}

func TestAnItemThatWaitedTenMinutesLongerPerClassGoesFirst(t *testing.T) {
	for _, c := range []struct {
		low, high int
		longer    time.Duration
	}{
		{PriorityInProgress, PriorityTerminal, 10 * time.Minute},
		{PriorityQueued, PriorityInProgress, 10 * time.Minute},
		{PriorityQueued, PriorityTerminal, 20 * time.Minute},
		{PriorityRecheck, PriorityTerminal, 30 * time.Minute},
	} {
		for by, first := range map[time.Duration]string{-1: "high low", 0: "high low", 1: "low high"} {
			g := NewWithT(t)
			q := newBench(t)
			q.Add(of("a", "low", c.low))
			q.clock.Step(c.longer + by)
			q.Add(of("a", "high", c.high))
			g.Expect(q.handleAll()).To(Equal(first), "%d before %d, by %d", c.low, c.high, by)
		}
	}
}

func TestAReCheckLeavesHoweverManyOutcomesFollow(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 1000 {
		q.Add(of("a", fmt.Sprint("backlog", i), PriorityTerminal))
	}
	q.Add(of("a", "recheck", PriorityRecheck))
	var left []string
	for i := 0; i < 2000 && !strings.Contains(strings.Join(left, " "), "recheck"); i++ {
		q.clock.Step(time.Minute)
		q.Add(of("a", fmt.Sprint(i), PriorityTerminal))
		left = append(left, q.handle())
	}
	g.Expect(left).To(HaveLen(1000 + 30 + 1))
}

func TestAddingAgainKeepsAPlace(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"1", "2", "3"} {
		q.Add(of("a", name, PriorityQueued))
	}
	q.clock.Step(20*time.Minute + 1)
	q.Add(of("a", "1", PriorityQueued))
	q.Add(of("a", "new", PriorityTerminal))
	g.Expect(q.handleAll()).To(Equal("1 2 3 new"), "age is counted from when it was added first")
}

func TestMovingUpIsToTheEndOfTheClass(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2", "3"} {
		q.Add(named("", name))
	}
	for _, name := range []string{"t1", "3", "t2"} {
		routes[name] = Route{Priority: PriorityTerminal}
		q.Add(named("", name))
	}
	g.Expect(q.handleAll()).To(Equal("t1 3 t2 1 2"))
}

func TestWhatMovesUpLeavesNoLaterThanItsAgeWouldHaveIt(t *testing.T) {
	for name, c := range map[string]struct {
		// before and after it so many terminal ones are added, one in each between.
		before, after int
		between       time.Duration
	}{
		"young":               {1000, 10, time.Second},
		"near the front":      {20, 500, 4 * time.Second},
		"behind what is near": {1000, 500, 4 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			left := func(moves bool) int {
				q, routes := routed(t)
				for i := range c.before + c.after {
					if i == c.before {
						routes["aged"] = Route{Priority: PriorityQueued}
						q.Add(named("", "aged"))
					}
					routes[fmt.Sprint(i)] = Route{Priority: PriorityTerminal}
					q.Add(named("", fmt.Sprint(i)))
					q.clock.Step(c.between)
				}
				if moves {
					routes["aged"] = Route{Priority: PriorityTerminal}
					q.Add(named("", "aged"))
				}
				return slices.Index(strings.Fields(q.handleAll()), "aged")
			}
			g.Expect(left(true)).To(BeNumerically("<=", left(false)))
		})
	}
}

func TestWhatIsOlderThanTheFirstOfItsNewClassLeavesFirst(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	routes["old"] = Route{Priority: PriorityQueued}
	q.Add(named("", "old"))
	for i := range 3 {
		q.clock.Step(time.Minute)
		routes[fmt.Sprint(i)] = Route{Priority: PriorityTerminal}
		q.Add(named("", fmt.Sprint(i)))
	}
	routes["old"] = Route{Priority: PriorityTerminal}
	q.Add(named("", "old"))
	g.Expect(q.handleAll()).To(Equal("old 0 1 2"))
}

func TestWhatCouldNotPayKeepsItsAge(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 200 {
		q.Add(named(acme, fmt.Sprint(i)))
		q.clock.Step(time.Second)
	}
	var got []key
	for range 3 {
		k, _ := q.tryGet()
		got = append(got, k)
	}
	q.pause(acme, q.clock.Now().Add(time.Minute))
	for _, i := range []int{2, 0, 1} {
		paid, _ := q.Slot(got[i]).pay(q.clock.Now(), WriteCost)
		g.Expect(paid).To(BeNil())
		q.Add(got[i])
		q.Done(got[i])
	}
	q.clock.Step(afterPause)
	q.due(q.clock.Now())
	g.Expect(q.drain()).To(HaveExactElements("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"))
}

func TestAnItemThatTakesTwoRequestsIsSentBackOnce(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{WritesPerMinute: 80})
	renamed := named(acme, "renamed")
	q.Add(renamed)
	tries, done := 0, false
	for i := 0; !done && q.clock.Since(start) < time.Hour; i++ {
		q.Add(named(acme, fmt.Sprint(i)))
		k, ok := q.tryGet()
		if !ok {
			q.clock.Step(50 * time.Millisecond)
			q.due(q.clock.Now())
			continue
		}
		hops := 1
		if k == renamed && q.clock.Since(start) > 2*time.Minute {
			hops, tries = 2, tries+1
		}
		slot, sent := q.Slot(k), 0
		for range hops {
			if paid, _ := slot.pay(q.clock.Now(), WriteCost); paid != nil {
				q.clock.Step(10 * time.Millisecond)
				paid.answered(q.clock.Now(), 307, Feedback{})
				sent++
			}
		}
		if done = hops == 2 && sent == 2; !done && k == renamed {
			q.Add(k)
		}
		q.Done(k)
	}
	g.Expect(done).To(BeTrue())
	g.Expect(tries).To(BeNumerically("<=", 2))
}

func TestAddingAgainMovesAnItemToItsNewClusterAtItsBestPriority(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"a1", "a2", "b1", "b2"} {
		routes[name] = Route{Cluster: name[:1], Priority: PriorityQueued}
		q.Add(named("", name))
	}
	routes["a1"] = Route{Cluster: "a", Priority: PriorityTerminal}
	q.Add(named("", "a1"))
	routes["a1"] = Route{Cluster: "b", Priority: PriorityRecheck}
	q.Add(named("", "a1"))
	g.Expect(q.handleAll()).To(Equal("a2 a1 b1 b2"))
	g.Expect(q.lanes).To(BeEmpty())
}

func TestAnItemAddedInWorkIsAsOldAsThat(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	again := of("a", "again", PriorityQueued)
	q.Add(again)
	g.Expect(q.drain()).To(Equal([]string{"again"}))
	q.Add(again)
	q.clock.Step(20*time.Minute + 1)
	q.Done(again)
	q.Add(of("a", "terminal", PriorityTerminal))
	g.Expect(q.handleAll()).To(Equal("again terminal"))
}

func TestReChecksOfOneClusterWaitForTheWritesOfAnother(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "a2", "b1"} {
		q.Add(of(name[:1], name, PriorityRecheck))
	}
	for _, name := range []string{"c1", "c2", "c3"} {
		q.Add(of("c", name, PriorityQueued))
	}
	g.Expect(q.handleAll()).To(Equal("c1 c2 c3 a1 b1 a2"))
}

func TestReChecksThatLetWritesGoFirstKeepTheirTurn(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(of("b", "b1", PriorityRecheck))
	q.clock.Step(ageStep + time.Second)
	for _, k := range []key{
		of("c", "c1", PriorityRecheck), of("a", "a1", PriorityQueued), of("a", "a2", PriorityQueued), of("b", "b2", PriorityRecheck),
	} {
		q.Add(k)
	}
	g.Expect(q.handleAll()).To(Equal("b1 a1 a2 c1 b2"))
}

func TestAReCheckThatWaitedForTenMinutesWaitsForNoOtherClustersWrites(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(of("a", "a1", PriorityRecheck))
	q.clock.Step(ageStep + time.Second)
	for _, name := range []string{"c1", "c2"} {
		q.Add(of("c", name, PriorityTerminal))
	}
	g.Expect(q.handleAll()).To(Equal("a1 c1 c2"))
}
