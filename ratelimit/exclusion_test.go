package ratelimit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// ofCommit is a key that excludes the others of its commit.
func ofCommit(commit, name string) key {
	return key{lane: acme, cluster: name[:1], exclusion: commit, name: name}
}

func TestWhatAnExclusionHeldBackGoesOnInFrontAndInOrder(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "a2", "a3"} {
		q.Add(ofCommit("x", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"a1"}))
	for _, name := range []string{"a4", "a5"} {
		q.Add(ofCommit("", name))
	}
	q.Done(ofCommit("x", "a1"))
	g.Expect(q.handleAll()).To(Equal("a2 a3 a4 a5"))
	g.Expect(q.exclusions).To(BeEmpty())
}

func TestAnItemIsPassedOverOnce(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 1000 {
		q.Add(ofCommit("x", fmt.Sprint("a", i)))
	}
	q.Add(ofCommit("", "a free"))
	g.Expect(q.drain()).To(Equal([]string{"a0", "a free"}))
	g.Expect(q.turns.Len()).To(BeZero(), "nothing is left to look at")
	g.Expect(q.lanes[acme].roundRobin.holds()).To(Equal(holdsNothing))
	g.Expect(q.Depths()).To(Equal(map[string]int{acme: 999}))
}

func TestAnItemLetGoOnIsStillTheFirstWhenAnotherOneWasFaster(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "a2", "a3"} {
		q.Add(ofCommit("x", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"a1"}))
	q.Add(ofCommit("", "b1"))
	faster := ofCommit("x", "b2")
	faster.lane = "git.example.com/1"
	q.pause(acme, start.Add(time.Minute))
	q.Add(faster)
	q.Done(ofCommit("x", "a1"))
	g.Expect(q.drain()).To(Equal([]string{"b2"}))
	q.clock.Step(afterPause)
	q.due(q.clock.Now())
	g.Expect(q.drain()).To(Equal([]string{"b1"}), "a2 is passed over again")
	q.Done(faster)
	g.Expect(q.handleAll()).To(Equal("a2 a3"))
}

func TestAnItemThatMovesUpWhileItIsHeldBackGoesOnFirst(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2", "3"} {
		routes[name] = Route{Lane: acme, Exclusion: "x"}
		q.Add(named("", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"1"}))
	routes["3"] = Route{Lane: acme, Exclusion: "x", Priority: PriorityTerminal}
	q.Add(named("", "3"))
	q.Done(named("", "1"))
	g.Expect(q.handleAll()).To(Equal("3 2"))
}

func TestAnItemThatIsHeldBackGoesOnWithAnotherExclusion(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2", "3"} {
		routes[name] = Route{Lane: acme, Exclusion: "x"}
		q.Add(named("", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"1"}))
	routes["later"] = Route{Lane: acme}
	q.Add(named("", "later"))
	routes["2"] = Route{Lane: acme, Exclusion: "y"}
	q.Add(named("", "2"))
	g.Expect(q.drain()).To(Equal([]string{"2", "later"}), "it was in front when it was passed over")
	q.Done(named("", "2"))
	q.Done(named("", "1"))
	g.Expect(q.handleAll()).To(Equal("3"))
	g.Expect(q.exclusions).To(BeEmpty())
}

func TestAnItemKeepsItsPlaceWithAnotherExclusion(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2"} {
		q.Add(named("", name))
	}
	routes["1"] = Route{Exclusion: "x"}
	q.Add(named("", "1"))
	g.Expect(q.handleAll()).To(Equal("1 2"))
}

func TestClustersWhoseItemsAreAllHeldBackHoldUpNoOther(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, name := range []string{"a1", "b1", "c1", "a2", "b2"} {
		q.Add(ofCommit("x", name))
	}
	q.Add(ofCommit("", "d1"))
	g.Expect(strings.Join(q.drain(), " ")).To(Equal("a1 d1"))
	q.Done(ofCommit("x", "a1"))
	g.Expect(strings.Fields(q.handleAll())).To(ConsistOf("b1", "c1", "a2", "b2"))
}

func TestAnItemLetGoOnThatMovesAwayLetsTheNextOneGo(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"1", "2", "3"} {
		routes[name] = Route{Lane: acme, Exclusion: "x"}
		q.Add(named("", name))
	}
	g.Expect(q.drain()).To(Equal([]string{"1"}))
	q.Done(named("", "1"))
	routes["2"] = Route{Lane: acme, Cluster: "elsewhere"}
	q.Add(named("", "2"))
	g.Expect(q.drain()).To(ConsistOf("2", "3"))
	q.Done(named("", "2"))
	q.Done(named("", "3"))
	g.Expect(q.exclusions).To(BeEmpty())
	g.Expect(q.lanes).To(BeEmpty())
}
