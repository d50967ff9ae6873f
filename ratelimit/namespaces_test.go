package ratelimit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

// in is a key of a namespace of cluster a.
func in(namespace, name string, priority int) key {
	k := of("a", name, priority)
	k.namespace = namespace
	return k
}

func TestQueueGet_TakesNamespacesOfAClusterInTurn(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 10_000 {
		q.Add(in("crowd", fmt.Sprint("c", i), PriorityTerminal))
	}
	q.Add(in("quiet", "q0", PriorityQueued))
	q.Add(in("other", "o0", PriorityInProgress))
	q.Add(in("other", "o1", PriorityTerminal))
	g.Expect([]string{q.handle(), q.handle(), q.handle(), q.handle(), q.handle(), q.handle()}).
		To(Equal([]string{"c0", "q0", "o1", "c1", "o0", "c2"}))
}

func TestQueueGet_GivesAClusterOneTurnHoweverManyNamespacesItHas(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 100 {
		q.Add(in(fmt.Sprint(i), fmt.Sprint("a", i), PriorityTerminal))
	}
	for i := range 2 {
		q.Add(of("b", fmt.Sprint("b", i), PriorityTerminal))
	}
	g.Expect([]string{q.handle(), q.handle(), q.handle(), q.handle(), q.handle()}).To(Equal([]string{"a0", "b0", "a1", "b1", "a2"}))
}

func TestQueueGet_KeepsTheOrderOfClassesWithinANamespace(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range []key{
		in("n", "n queued", PriorityQueued), in("m", "m terminal", PriorityTerminal), in("n", "n terminal", PriorityTerminal),
		in("m", "m progress", PriorityInProgress), in("n", "n progress", PriorityInProgress),
	} {
		q.Add(k)
	}
	var left []string
	for name := q.handle(); name != ""; name = q.handle() {
		left = append(left, name)
	}
	g.Expect(left).To(Equal([]string{"n terminal", "m terminal", "n progress", "m progress", "n queued"}))
}

func TestQueueGet_HasRecheckOfANamespaceWaitForWritesOfAnother(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range []key{
		in("n", "n0", PriorityRecheck), in("m", "m0", PriorityQueued), in("n", "n1", PriorityRecheck), in("m", "m1", PriorityTerminal),
	} {
		q.Add(k)
	}
	g.Expect(q.handleAll()).To(Equal("m1 m0 n0 n1"))
}

func TestQueueGet_HasAnOldRecheckWaitForNoOtherNamespacesWrites(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(in("n", "n0", PriorityRecheck))
	q.clock.Step(ageStep + time.Second)
	for i := range 2 {
		q.Add(in("m", fmt.Sprint("m", i), PriorityTerminal))
	}
	g.Expect(q.handleAll()).To(Equal("n0 m0 m1"))
}

func TestQueueAdd_MovesAnItemToItsNewNamespace(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"n0", "n1", "n2", "m0"} {
		routes[name] = Route{Cluster: "a", Namespace: name[:1], Priority: PriorityQueued}
		q.Add(named("", name))
	}
	routes["n2"] = Route{Cluster: "a", Namespace: "l", Priority: PriorityQueued}
	q.Add(named("", "n2"))
	g.Expect(q.handleAll()).To(Equal("n0 m0 n2 n1"))
	g.Expect(q.lanes).To(BeEmpty())
}

func TestQueueGet_HasRechecksOfManyNamespacesWaitForWrites(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 1000 {
		q.Add(in(fmt.Sprint(i), fmt.Sprint("r", i), PriorityRecheck))
	}
	for i := range 1000 {
		q.Add(in("writes", fmt.Sprint("w", i), PriorityTerminal))
	}
	for range 1000 {
		g.Expect(q.handle()).To(HavePrefix("w"))
	}
	g.Expect(q.handle()).To(HavePrefix("r"))
}

// onCommit is a key of a cluster and namespace that excludes the others of its commit.
func onCommit(cluster, namespace, name string) key {
	return key{lane: acme, cluster: cluster, namespace: namespace, exclusion: "x", name: name, priority: PriorityQueued}
}

// before handles items until one of a name has left, and counts those before it.
func (b *bench) before(name string) (n int) {
	for got := b.handle(); got != name; got = b.handle() {
		n++
	}
	return n
}

func TestQueueGet_LetsClustersThatWaitForAnExclusionTakeTurns(t *testing.T) {
	for when, held := range map[string]bool{"held back with the others": true, "added later": false} {
		t.Run(when, func(t *testing.T) {
			g := NewWithT(t)
			q := newBench(t)
			for i := range 2000 {
				q.Add(onCommit("a", "n", fmt.Sprint("a", i)))
			}
			busy, _ := q.tryGet()
			if held {
				q.Add(onCommit("b", "n", "b"))
			}
			g.Expect(q.drain()).To(BeEmpty())
			if !held {
				q.Add(onCommit("b", "n", "b"))
				g.Expect(q.drain()).To(BeEmpty())
			}
			q.Done(busy)
			g.Expect(q.before("b")).To(BeNumerically("<=", 1))
			g.Expect(q.before("a1999")).To(BeNumerically(">=", 1997))
			g.Expect(q.exclusions).To(BeEmpty())
		})
	}
}

func TestQueueGet_LetsNamespacesThatWaitForAnExclusionTakeTurns(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 2000 {
		q.Add(onCommit("a", "crowd", fmt.Sprint("a", i)))
	}
	busy, _ := q.tryGet()
	g.Expect(q.drain()).To(BeEmpty())
	for i := range 3 {
		q.Add(onCommit("a", fmt.Sprint("quiet", i), fmt.Sprint("q", i)))
	}
	g.Expect(q.drain()).To(BeEmpty())
	q.Done(busy)
	g.Expect(q.before("q2")).To(BeNumerically("<=", 4))
}

func TestQueueGet_HoldsUpNoClusterBehindTheBacklogOfAnotherThatItExcludes(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	// a's next name on the commit is behind many outcomes of a's own.
	for i := range 3 {
		q.Add(onCommit("a", "n", fmt.Sprint("x", i)))
	}
	busy, _ := q.tryGet()
	q.Add(onCommit("b", "n", "b"))
	g.Expect(q.drain()).To(BeEmpty())
	for i := range 1000 {
		q.Add(in("n", fmt.Sprint("a", i), PriorityTerminal))
		q.Add(in(fmt.Sprint("n", i), fmt.Sprint("n", i), PriorityTerminal))
	}
	q.Done(busy)
	g.Expect(q.before("b")).To(BeNumerically("<=", 1))
}

func TestQueueGet_HoldsUpNoClusterBehindThePauseOfAnotherThatItExcludes(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	other := func(name string) key {
		k := onCommit("b", "n", name)
		k.lane = "gitlab.com/2"
		return k
	}
	q.Add(onCommit("a", "n", "a0"))
	q.Add(onCommit("a", "n", "a1"))
	busy, _ := q.tryGet()
	q.Add(other("b0"))
	g.Expect(q.drain()).To(BeEmpty())
	q.pause(acme, start.Add(time.Hour))
	q.Done(busy)
	g.Expect(strings.Fields(q.handleAll())).To(Equal([]string{"b0"}))
}

func TestQueueGet_LetsLanesThatExcludeEachOtherTakeTurns(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 500 {
		q.Add(onCommit("a", "n", fmt.Sprint("a", i)))
		q.Add(of("c", fmt.Sprint("c", i), PriorityTerminal))
	}
	busy, _ := q.tryGet()
	b := onCommit("b", "n", "b")
	b.lane = "gitlab.com/2"
	q.Add(b)
	left := 0
	for {
		k, ok := q.tryGet()
		switch {
		case k.name == "b":
			g.Expect(left).To(BeNumerically("<=", 3), "names of a that went first")
			return
		case ok && k.exclusion == "":
			q.Done(k)
		case ok:
			q.Done(busy)
			busy = k
			left++
		default:
			q.Done(busy)
		}
	}
}
