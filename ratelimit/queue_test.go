package ratelimit

import (
	"fmt"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestAnItemIsInTheQueueAtMostOnce(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(named("", "a"))
	q.Add(named("", "a"))
	g.Expect(q.Len()).To(Equal(1))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	g.Expect(q.Len()).To(BeZero())
}

func TestAnItemAddedWhileInWorkIsQueuedAtDone(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	a := named(acme, "a")
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Add(a)
	q.Add(a)
	g.Expect(q.drain()).To(BeEmpty())
	q.Done(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Done(a)
	g.Expect(q.drain()).To(BeEmpty())
}

func TestDoneOfAnItemThatIsNotInWorkDoesNothing(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Done(named("", "a"))
	q.Add(named("", "a"))
	q.Done(named("", "a"))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
}

func TestGetWaitsForAnItem(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	got := q.getting()
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.Add(named(acme, "a"))
	g.Eventually(got).Should(Receive(Equal(named(acme, "a"))))
}

func TestShutDownWakesEveryWorkerAndHandsOutNothing(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	var workers sync.WaitGroup
	for range 256 {
		workers.Go(func() {
			_, shutdown := q.Get()
			if !shutdown {
				t.Error("an item came out of nowhere")
			}
		})
	}
	q.ShutDown()
	workers.Wait()
	q.Add(named("", "a"))
	q.AddAfter(named("", "b"), time.Second)
	g.Expect(q.Len()).To(BeZero())
	g.Expect(q.ShuttingDown()).To(BeTrue())
}

func TestShutDownForgetsWhatWaits(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(named(acme, "a"))
	q.ShutDown()
	g.Expect(q.installations.Get(acme).bucket.watchers).To(BeEmpty(), "a bucket outlives its queues")
	_, shutdown := q.Get()
	g.Expect(shutdown).To(BeTrue())
}

func TestShutDownWithDrainHandsOutWhatCanLeaveAndWaitsForTheRest(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.limit(acme, Limits{WritesPerMinute: 1})
	for _, k := range []key{named(acme, "paid"), named(acme, "waits"), named("", "a"), named("", "b")} {
		q.Add(k)
	}
	first, _ := q.Get()
	drained := make(chan struct{})
	go func() {
		q.ShutDownWithDrain()
		close(drained)
	}()
	g.Eventually(q.ShuttingDown).Should(BeTrue())
	rest := map[string]bool{first.name: true}
	var inWork []key
	for {
		k, shutdown := q.Get()
		if shutdown {
			break
		}
		rest[k.name] = true
		inWork = append(inWork, k)
	}
	g.Expect(rest).To(Equal(map[string]bool{"paid": true, "a": true, "b": true}))
	g.Consistently(drained, "20ms").ShouldNot(BeClosed())
	for _, k := range append(inWork, first) {
		q.Done(k)
	}
	g.Eventually(drained).Should(BeClosed())
}

func TestShutDownEndsADrain(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.Add(named("", "a"))
	q.Get()
	drained := make(chan struct{})
	go func() {
		q.ShutDownWithDrain()
		close(drained)
	}()
	g.Eventually(q.ShuttingDown).Should(BeTrue())
	g.Eventually(func() <-chan struct{} { q.ShutDown(); return drained }).Should(BeClosed())
}

func TestHigherPriorityLeavesFirstAndEqualsInOrder(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for _, k := range []key{
		{name: "low1"}, {name: "high1", priority: 2}, {name: "low2"}, {name: "high2", priority: 2}, {name: "mid", priority: 1},
	} {
		k.lane = acme
		q.Add(k)
	}
	g.Expect(q.drain()).To(Equal([]string{"high1", "high2", "mid", "low1", "low2"}))
}

// routed makes a queue whose routes a test can change.
func routed(t *testing.T) (*bench, map[string]Route) {
	routes := map[string]Route{}
	q := newBench(t, func(o *QueueOptions[key]) { o.Route = func(k key) Route { return routes[k.name] } })
	return q, routes
}

func TestAddingAgainWithAHigherPriorityMovesUp(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	for _, name := range []string{"a", "b", "c"} {
		q.Add(named("", name))
	}
	routes["c"] = Route{Priority: 1}
	q.Add(named("", "c"))
	routes["c"] = Route{}
	q.Add(named("", "c"))
	g.Expect(q.drain()).To(Equal([]string{"c", "a", "b"}))
}

func TestAddingAgainMovesAnItemToItsNewLane(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	q.limit(acme, Limits{WritesPerHour: 1})
	routes["a"], routes["b"] = Route{Lane: acme}, Route{Lane: acme}
	q.Add(named("", "a"))
	q.Add(named("", "b"))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	routes["b"] = Route{Lane: "gitlab.com/1"}
	q.Add(named("", "b"))
	g.Expect(q.Depths()).To(Equal(map[string]int{"gitlab.com/1": 1}))
	g.Expect(q.drain()).To(Equal([]string{"b"}))
	g.Expect(q.Depths()).To(BeEmpty())
}

func TestTheRouteIsAskedAgainAtDone(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	a := named("", "a")
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Add(a)
	routes["a"] = Route{Lane: acme}
	q.Done(a)
	g.Expect(q.Depths()).To(Equal(map[string]int{acme: 1}))
}

func TestAnItemAddedJustBeforeItIsDoneHasItsRoute(t *testing.T) {
	g := NewWithT(t)
	q, routes := routed(t)
	q.limit(acme, Limits{MaxInFlight: 1})
	a := named("", "a")
	routes["a"] = Route{Lane: acme}
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	bucket := q.installations.Get(acme).Bucket()
	refused, _ := bucket.tryTake(start, ReadCost)
	g.Expect(refused).To(BeFalse())
	stop := bucket.watch(func() { q.Add(a) })
	defer stop()
	q.Done(a)
	g.Expect(q.Depths()).To(Equal(map[string]int{acme: 1}))
}

func TestRouteMayUseTheQueue(t *testing.T) {
	g := NewWithT(t)
	var q *bench
	q = newBench(t, func(o *QueueOptions[key]) {
		o.Route = func(key) Route {
			if q != nil {
				q.Len()
				q.Depths()
			}
			return Route{Lane: acme}
		}
	})
	q.Add(named("", "a"))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Add(named("", "a"))
	q.Done(named("", "a"))
	g.Expect(q.Len()).To(Equal(1))
}

func TestAddAfterAddsOnceTheTimeHasPassed(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	q.AddAfter(named("", "later"), 5*time.Second)
	q.AddAfter(named("", "now"), 0)
	g.Expect(q.drain()).To(Equal([]string{"now"}))
	got := q.getting()
	q.clock.Step(5*time.Second - time.Nanosecond)
	g.Consistently(got, "20ms").ShouldNot(Receive())
	q.clock.Step(time.Nanosecond)
	g.Eventually(got).Should(Receive(Equal(named("", "later"))))
}

func TestTheEarliestOfSeveralDelaysIsInForce(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	a := named("", "a")
	q.AddAfter(a, time.Minute)
	q.AddAfter(a, time.Second)
	q.AddAfter(a, time.Hour)
	q.clock.Step(time.Second)
	g.Eventually(q.Len).Should(Equal(1))
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Done(a)
	q.clock.Step(2 * time.Hour)
	g.Consistently(q.Len, "20ms").Should(BeZero())
}

func TestAnAddTakesThePlaceOfADelay(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	a := named("", "a")
	q.AddAfter(a, time.Minute)
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Done(a)
	q.clock.Step(time.Hour)
	g.Consistently(q.Len, "20ms").Should(BeZero())
}

func TestDelaysShareOneTimer(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t)
	for i := range 1000 {
		q.AddAfter(named("", fmt.Sprint(i)), time.Duration(1000-i)*time.Second)
	}
	g.Eventually(q.clock.Waiters).Should(Equal(1))
	for i := range 1000 {
		q.clock.Step(time.Second)
		if i%100 == 0 {
			g.Eventually(q.Len).Should(Equal(i + 1))
		}
	}
	g.Eventually(q.Len).Should(Equal(1000))
	g.Eventually(q.clock.Waiters).Should(BeZero())
}

func TestTheRateLimiterSaysWhenAnItemComesBack(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t, func(o *QueueOptions[key]) {
		o.RateLimiter = workqueue.NewTypedItemExponentialFailureRateLimiter[key](time.Second, time.Minute)
	})
	a := named("", "a")
	back := func(after time.Duration) {
		q.AddRateLimited(a)
		q.clock.Step(after - time.Nanosecond)
		g.Consistently(q.Len, "10ms").Should(BeZero())
		q.clock.Step(time.Nanosecond)
		g.Eventually(q.Len).Should(Equal(1))
		g.Expect(q.drain()).To(HaveLen(1))
		q.Done(a)
	}
	back(time.Second)
	back(2 * time.Second)
	g.Expect(q.NumRequeues(a)).To(Equal(2))
	q.Forget(a)
	g.Expect(q.NumRequeues(a)).To(BeZero())
	back(time.Second)
}

func TestEveryItemIsHandledByManyWorkers(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakeClock(start)
	q := NewQueue(QueueOptions[key]{
		Metrics: true, Clock: clk, Installations: NewInstallations(clk),
		Route: func(k key) Route { return Route{Lane: k.lane, Exclusion: k.exclusion} },
	})
	var mu sync.Mutex
	handled, busy := map[key]int{}, map[string]bool{}
	var workers sync.WaitGroup
	for range 64 {
		workers.Go(func() {
			for {
				k, shutdown := q.Get()
				if shutdown {
					return
				}
				mu.Lock()
				if busy[k.exclusion] {
					t.Errorf("two items of %s in work", k.exclusion)
				}
				busy[k.exclusion] = true
				handled[k]++
				mu.Unlock()
				q.Add(k)
				mu.Lock()
				busy[k.exclusion] = false
				mu.Unlock()
				if handled := func() int { mu.Lock(); defer mu.Unlock(); return handled[k] }(); handled > 1 {
					q.Forget(k)
				}
				q.Done(k)
			}
		})
	}
	for i := range 400 {
		lane := fmt.Sprintf("git.example.com/%d", i%7)
		q.Add(key{lane: lane, exclusion: fmt.Sprint(i % 40), name: fmt.Sprint(i)})
	}
	g.Eventually(func() int {
		mu.Lock()
		defer mu.Unlock()
		n := 0
		for _, times := range handled {
			if times > 1 {
				n++
			}
		}
		return n
	}, "20s").Should(Equal(400))
	q.ShutDown()
	workers.Wait()
}
