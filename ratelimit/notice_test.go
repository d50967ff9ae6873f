package ratelimit

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"pgregory.net/rapid"
)

// listener is a queue with what it told.
type listener struct {
	*bench
	g  Gomega
	mu sync.Mutex
	// told is what was told since next was called last.
	reported []Notice[key]
	// batches are the sizes of what was told at once.
	batches []int
}

// listening makes a queue one lane of which can pay for one item a minute: the
// item at a place in it waits a minute less than its place.
func listening(t *testing.T) *listener {
	l := &listener{g: NewWithT(t)}
	l.bench = newBench(t, func(o *QueueOptions[key]) {
		o.Notice = func(reported []Notice[key]) {
			l.Len() // holds no lock
			l.mu.Lock()
			defer l.mu.Unlock()
			l.reported = append(l.reported, reported...)
			l.batches = append(l.batches, len(reported))
		}
	})
	l.limit(acme, Limits{WritesPerMinute: 1})
	return l
}

// next lets time pass and returns what was told.
func (l *listener) next(after time.Duration) []Notice[key] {
	l.clock.Step(after)
	l.g.Eventually(func() bool {
		l.Queue.mu.Lock()
		defer l.Queue.mu.Unlock()
		return l.notifyAt.After(l.clock.Now()) && l.clock.HasWaiters()
	}).Should(BeTrue())
	l.mu.Lock()
	defer l.mu.Unlock()
	reported := l.reported
	l.reported = nil
	return reported
}

func (l *listener) addAll(keys []key) {
	for _, k := range keys {
		l.Add(k)
	}
}

// names says of whom was told.
func names(reported []Notice[key]) (all []string) {
	for _, n := range reported {
		all = append(all, n.Item.name)
	}
	return all
}

func TestWhatWaitsLongIsToldOfOnceInEachClass(t *testing.T) {
	l := listening(t)
	l.addAll(many(acme, 100))
	reported := l.next(noticeEvery)
	l.g.Expect(reported).To(HaveLen(99), "all but the first, which may leave now")
	for i, n := range reported {
		l.g.Expect(n.Item.name).To(Equal(fmt.Sprint(i + 1)))
		l.g.Expect(n.Lane).To(Equal(acme))
		l.g.Expect(n.Down).To(BeFalse())
		l.g.Expect(n.Wait).To(BeNumerically("~", time.Duration(i+1)*time.Minute, time.Duration(i)*time.Minute/16))
	}
	l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
	l.pause(acme, l.clock.Now().Add(30*time.Minute))
	reported = l.next(noticeEvery)
	l.g.Expect(names(reported)).To(HaveLen(10+29), "it is up to an hour for the first ten now, and more for those from 31 on")
	l.g.Expect(names(reported)).To(ContainElements("0", "9", "31", "59"))
	l.g.Expect(reported[0].Wait).To(BeNumerically("~", 30*time.Minute, time.Minute))
	l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
}

func TestOnlyWaitsOfMoreThanHalfAMinuteAreToldOf(t *testing.T) {
	l := listening(t)
	l.pause(acme, start.Add(noticeEvery+30*time.Second))
	l.Add(named(acme, "a"))
	l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
	l.pause(acme, l.clock.Now().Add(noticeEvery+30*time.Second+1))
	l.g.Expect(names(l.next(noticeEvery))).To(Equal([]string{"a"}))
}

func TestNobodyIsToldBeforeTenSeconds(t *testing.T) {
	l := listening(t)
	l.addAll(many(acme, 2))
	l.g.Eventually(l.clock.HasWaiters).Should(BeTrue())
	l.g.Expect(l.next(noticeEvery - 1)).To(BeEmpty())
	l.g.Expect(l.next(1)).To(HaveLen(1))
}

func TestNothingIsToldOfItemsInWorkOrThatPayNothing(t *testing.T) {
	l := listening(t)
	l.addAll([]key{named(acme, "a"), named(acme, "b"), {exclusion: "x", name: "x1"}, {exclusion: "x", name: "x2"}})
	l.g.Expect(l.drain()).To(ConsistOf("a", "x1"))
	l.pause(acme, start.Add(time.Hour))
	l.g.Expect(names(l.next(noticeEvery))).To(Equal([]string{"b"}))
}

func TestAWaitIsThatOfAnItemsOwnCluster(t *testing.T) {
	l := listening(t)
	for i := range 500 {
		l.Add(key{lane: acme, cluster: "busy", name: fmt.Sprint(i)})
	}
	for _, name := range []string{"quiet1", "quiet2", "quiet3"} {
		l.Add(key{lane: acme, cluster: "quiet", name: name})
	}
	waits := map[string]time.Duration{}
	for _, n := range l.next(noticeEvery) {
		waits[n.Item.name] = n.Wait
	}
	l.g.Expect(waits["quiet1"]).To(Equal(time.Minute))
	l.g.Expect(waits["quiet3"]).To(Equal(5 * time.Minute))
	l.g.Expect(waits["499"]).To(BeNumerically("~", 502*time.Minute, 32*time.Minute))
}

func TestAWaitIsThatOfAnItemsPriority(t *testing.T) {
	l := listening(t)
	l.addAll([]key{of("a", "queued", PriorityQueued), of("a", "progress", PriorityInProgress), of("a", "terminal", PriorityTerminal)})
	reported := l.next(noticeEvery)
	l.g.Expect(names(reported)).To(Equal([]string{"progress", "queued"}))
	l.g.Expect(reported[1].Wait).To(Equal(2 * time.Minute))
}

func TestItemsThatAnExclusionHoldsBackAreToldOf(t *testing.T) {
	l := listening(t)
	for _, name := range []string{"a1", "a2", "a3"} {
		l.Add(ofCommit("x", name))
	}
	l.g.Expect(l.drain()).To(Equal([]string{"a1"}))
	l.pause(acme, start.Add(time.Hour))
	l.g.Expect(names(l.next(noticeEvery))).To(Equal([]string{"a2", "a3"}))
}

func TestAnSCMThatDoesNotAnswerIsToldOfToAll(t *testing.T) {
	l := listening(t)
	l.addAll(many("git.example.com/1", 3))
	bucket := l.installations.Get("git.example.com/1").Bucket()
	for _, k := range []string{"a", "b", "c"} {
		bucket.fail(start, k, 503)
	}
	l.g.Expect(l.next(noticeOver - 1)).To(BeEmpty())
	reported := l.next(noticeEvery)
	l.g.Expect(reported).To(HaveLen(3))
	for _, n := range reported {
		l.g.Expect(n.Down).To(BeTrue())
	}
	l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
	bucket.fail(l.clock.Now(), "a", 201)
	l.pause("git.example.com/1", l.clock.Now().Add(time.Hour))
	reported = l.next(noticeEvery)
	l.g.Expect(reported).To(HaveLen(3))
	l.g.Expect(reported[0].Down).To(BeFalse())
}

func TestAnOutageThatIsSoonOverIsToldToNobody(t *testing.T) {
	l := listening(t)
	l.addAll(many(acme, 100))
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(99))
	bucket := l.installations.Get(acme).Bucket()
	with := func(change func(*breaker)) {
		bucket.mu.Lock()
		defer bucket.mu.Unlock()
		change(&bucket.breaker)
	}
	for range 5 {
		with(func(b *breaker) {
			for _, k := range []string{"a", "b", "c"} {
				b.failed(l.clock.Now(), k, false)
			}
		})
		l.g.Expect(bucket.Down()).To(BeTrue())
		l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
		l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
		with(func(b *breaker) { b.worked() })
		l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
	}
}

func TestAnItemThatChangesItsLaneIsToldOfAgain(t *testing.T) {
	l := listening(t)
	const other = "git.example.com/1"
	l.pause(acme, start.Add(time.Hour))
	l.pause(other, start.Add(time.Hour))
	route := Route{Lane: acme}
	l.options.Route = func(key) Route { return route }
	a := named("", "a")
	l.Add(a)
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(1))
	route.Cluster = "elsewhere"
	l.Add(a)
	l.g.Expect(l.next(noticeEvery)).To(BeEmpty())
	route.Lane = other
	l.Add(a)
	reported := l.next(noticeEvery)
	l.g.Expect(reported).To(HaveLen(1))
	l.g.Expect(reported[0].Lane).To(Equal(other))
}

func TestAnItemThatWaitsAnewIsToldOfAgain(t *testing.T) {
	l := listening(t)
	a := named(acme, "a")
	l.Add(a)
	l.pause(acme, start.Add(time.Minute))
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(1))
	l.next(time.Minute)
	l.g.Expect(l.drain()).To(Equal([]string{"a"}))
	l.pause(acme, l.clock.Now().Add(time.Minute))
	l.Add(a)
	l.Done(a)
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(1))
}

func TestAThousandAreToldOfAtOnceAtMost(t *testing.T) {
	l := listening(t)
	l.pause(acme, start.Add(time.Hour))
	l.addAll(many(acme, 2500))
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(2500))
	l.g.Expect(l.batches).To(Equal([]int{1000, 1000, 500}))
}

func TestATellingGoesOnWhereItsNextItemHasLeft(t *testing.T) {
	l := listening(t)
	l.pause(acme, start.Add(time.Hour))
	keys := many(acme, 1500)
	l.options.Notice = func(reported []Notice[key]) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.reported = append(l.reported, reported...)
		for _, name := range []string{"1000", "1001"} {
			l.options.Route = func(key) Route { return Route{} }
			l.Add(named(acme, name))
		}
	}
	l.addAll(keys)
	l.g.Expect(l.next(noticeEvery)).To(HaveLen(1498))
}

func TestNothingWatchesWaitsWhereNothingWaits(t *testing.T) {
	l := listening(t)
	l.Add(named(acme, "a"))
	l.g.Eventually(l.clock.HasWaiters).Should(BeTrue())
	l.g.Expect(l.drain()).To(HaveLen(1))
	l.clock.Step(noticeEvery)
	l.g.Eventually(l.clock.HasWaiters).Should(BeFalse())
	l.g.Consistently(l.clock.HasWaiters, "20ms").Should(BeFalse())
}

func TestAWaitToldIsAboutTrueAndOfItsClass(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		bucket := newBucket(start, Limits{WritesPerMinute: rapid.Int64Range(1, 200).Draw(t, "limit")})
		counts := rapid.SliceOfN(rapid.IntRange(1, 20_000), 1, 5).Draw(t, "counts")
		o := &estimate{now: start, bucket: bucket, clusters: sharingOf(slices.Clone(counts)), waits: map[int]time.Duration{}}
		o.computeClasses()
		place := rapid.IntRange(1, counts[0]).Draw(t, "place")
		if edge := o.last[rapid.IntRange(0, 2).Draw(t, "class")]; edge > 0 && rapid.Bool().Draw(t, "at the edge") {
			place = edge
		}
		class, wait := o.classOf(place), o.wait(place)
		want := waitShort
		for _, from := range []time.Duration{noticeOver + 1, 10 * time.Minute, time.Hour} {
			if wait >= from {
				want++
			}
		}
		if class != want {
			t.Fatalf("%v is of class %d, not %d", wait, want, class)
		}
		about := o.about(place, class)
		if about < wait || float64(about) > 1.07*float64(wait)+float64(time.Minute) {
			t.Fatalf("about %v is told of %v", about, wait)
		}
		for i, until := range []time.Duration{noticeOver, 10*time.Minute - 1, time.Hour - 1} {
			if class == waitClass(i) && about > until {
				t.Fatalf("%v is not of class %d", about, class)
			}
		}
		if len(o.waits) > 100 {
			t.Fatalf("%d waits were computed", len(o.waits))
		}
	})
}
