package publish

import (
	"strconv"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

func TestAnOutboxBacksOffAsAWholeAndLosesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	now := clocktesting.NewFakeClock(time.Unix(0, 0))
	var mu sync.Mutex
	down, tries, done := true, 0, map[ledger.ObjectID]int{}
	var group sync.WaitGroup
	b := newOutbox(now, &group, func(id ledger.ObjectID, _ try) result {
		mu.Lock()
		defer mu.Unlock()
		tries++
		if down {
			return result{outcome: unserved}
		}
		done[id]++
		return result{outcome: finished}
	})
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		b.add(ledger.ObjectID{Name: name})
	}
	group.Wait()
	mu.Lock()
	g.Expect(tries).To(BeNumerically("<=", outboxWidth), "a dead member is not asked once per object")
	down = false
	mu.Unlock()
	g.Expect(now.HasWaiters()).To(BeTrue())
	now.Step(firstBackoff)
	g.Eventually(func() int {
		mu.Lock()
		defer mu.Unlock()
		return len(done)
	}).Should(Equal(10))
	group.Wait()
	for id, n := range done {
		g.Expect(n).To(Equal(1), id.Name)
	}
}

func TestAnOutboxPublishesOneObjectByOneWorkerAtATime(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	var group sync.WaitGroup
	entered, leave := make(chan struct{}, 10), make(chan struct{})
	b := newOutbox(clocktesting.NewFakeClock(time.Unix(0, 0)), &group, func(ledger.ObjectID, try) result {
		entered <- struct{}{}
		<-leave
		return result{outcome: finished}
	})
	id := ledger.ObjectID{Name: "a"}
	b.add(id)
	<-entered
	b.add(id)
	b.add(id)
	g.Consistently(entered, "50ms").ShouldNot(Receive())
	leave <- struct{}{}
	g.Eventually(entered).Should(Receive(), "what came in between is published too")
	close(leave)
	group.Wait()
	g.Expect(entered).To(BeEmpty(), "once")
}

func TestAClosedOutboxEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	var group sync.WaitGroup
	b := newOutbox(clocktesting.NewFakeClock(time.Unix(0, 0)), &group, func(ledger.ObjectID, try) result { return result{outcome: unserved} })
	b.add(ledger.ObjectID{Name: "a"})
	group.Wait()
	b.close()
	b.add(ledger.ObjectID{Name: "b"})
	group.Wait()
}

// tray is an outbox in which nothing happens but by its clock, and which has some
// objects refused.
type tray struct {
	*outbox
	now   *clocktesting.FakeClock
	group sync.WaitGroup

	mu     sync.Mutex
	refuse map[string]bool
	tries  map[string]int
}

func newTray() *tray {
	t := &tray{now: clocktesting.NewFakeClock(time.Unix(0, 0)), refuse: map[string]bool{}, tries: map[string]int{}}
	t.outbox = newOutbox(t.now, &t.group, func(id ledger.ObjectID, _ try) result {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.tries[id.Name]++
		if t.refuse[id.Name] {
			return result{outcome: refused}
		}
		return result{outcome: finished}
	})
	return t
}

// put adds objects and waits until nobody works any more.
func (t *tray) put(names ...string) {
	for _, name := range names {
		t.add(ledger.ObjectID{Name: name})
	}
	t.group.Wait()
}

func (t *tray) pass(d time.Duration) {
	t.now.Step(d)
	t.group.Wait()
}

func TestObjectsThatAreRefusedHoldUpNoOther(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	b := newTray()
	var bad []string
	for i := range 100 {
		bad = append(bad, strconv.Itoa(i))
		b.refuse[bad[i]] = true
	}
	b.put(bad...)
	for range 30 {
		b.pass(time.Minute)
	}
	b.put("good")
	g.Expect(b.tries["good"]).To(Equal(1), "at once")
	g.Expect(b.now.Waiters()).To(Equal(1), "one timer for all")
	for _, name := range bad {
		g.Expect(b.tries[name]).To(BeNumerically("~", 13, 2), name)
	}
	clear(b.refuse)
	b.pass(longestRefusal)
	g.Expect(b.items).To(BeEmpty())
	g.Expect(b.now.HasWaiters()).To(BeFalse())
}

func TestARefusedObjectIsTriedEverLessOftenUntilItIsAddedAgain(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	b := newTray()
	b.refuse["a"] = true
	b.put("a")
	for tries, seconds := range []int{1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300} {
		b.pass(time.Duration(seconds)*time.Second - time.Millisecond)
		g.Expect(b.tries["a"]).To(Equal(tries+1), "not before %d s", seconds)
		b.pass(time.Millisecond)
		g.Expect(b.tries["a"]).To(Equal(tries+2), "after %d s", seconds)
	}
	b.refuse["a"] = false
	b.put("a")
	g.Expect(b.tries["a"]).To(Equal(13), "what is to be published is another now")
	g.Expect(b.delayed).To(BeEmpty())

	b.refuse["a"], b.refuse["b"] = true, true
	b.put("b")
	b.pass(500 * time.Millisecond)
	b.put("a")
	b.pass(500 * time.Millisecond)
	g.Expect(b.tries).To(Equal(map[string]int{"a": 14, "b": 2}))
	b.pass(500 * time.Millisecond)
	g.Expect(b.tries).To(Equal(map[string]int{"a": 15, "b": 2}), "its waits have begun anew")
	b.close()
	g.Expect(b.now.HasWaiters()).To(BeFalse())
}

func TestARefusedObjectIsTriedAgainAfterItsMemberWasDown(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	now := clocktesting.NewFakeClock(time.Unix(0, 0))
	var group sync.WaitGroup
	var mu sync.Mutex
	tries, came := map[string]int{}, map[string]outcome{"bad": refused, "other": unserved}
	b := newOutbox(now, &group, func(id ledger.ObjectID, _ try) result {
		mu.Lock()
		defer mu.Unlock()
		tries[id.Name]++
		return result{outcome: came[id.Name]}
	})
	b.add(ledger.ObjectID{Name: "bad"})
	group.Wait()
	b.add(ledger.ObjectID{Name: "other"})
	group.Wait()
	clear(came)
	now.Step(firstBackoff)
	group.Wait()
	g.Expect(tries).To(Equal(map[string]int{"bad": 2, "other": 2}))
	g.Expect(b.items).To(BeEmpty())
}

func TestManyThatWaitAreACrowd(t *testing.T) {
	g := NewWithT(t)
	var group sync.WaitGroup
	leave := make(chan struct{})
	b := newOutbox(clocktesting.NewFakeClock(time.Unix(0, 0)), &group, func(ledger.ObjectID, try) result {
		<-leave
		return result{outcome: finished}
	})
	for n := range outboxBacklog {
		b.add(ledger.ObjectID{Name: strconv.Itoa(n)})
	}
	g.Expect(b.backlogged()).To(BeFalse())
	b.add(ledger.ObjectID{Name: "one more"})
	g.Expect(b.backlogged()).To(BeTrue())
	close(leave)
	group.Wait()
	g.Expect(b.backlogged()).To(BeFalse())
}

func TestOutbox_TriesTheSameThatWasRefusedNotBeforeItsBackoffEnds(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	now := clocktesting.NewFakeClock(time.Unix(0, 0))
	var group sync.WaitGroup
	var mu sync.Mutex
	said, tries := uint64(7), 0
	b := newOutbox(now, &group, func(_ ledger.ObjectID, t try) result {
		mu.Lock()
		defer mu.Unlock()
		if t.refused == said {
			return result{outcome: early}
		}
		tries++
		return result{outcome: refused, refused: said}
	})
	id := ledger.ObjectID{Name: "a"}
	for range 5 {
		b.add(id)
		group.Wait()
	}
	g.Expect(tries).To(Equal(1))
	now.Step(time.Second)
	group.Wait()
	g.Expect(tries).To(Equal(2), "its back-off has ended")
	b.add(id)
	group.Wait()
	g.Expect(tries).To(Equal(2))
	mu.Lock()
	said = 8
	mu.Unlock()
	b.add(id)
	group.Wait()
	g.Expect(tries).To(Equal(3), "there is something else to say")
	b.close()
}

func TestOutbox_LooksAtWhatIsHeldWhenItIsDueAndWhenItIsAdded(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	now := clocktesting.NewFakeClock(time.Unix(0, 0))
	var group sync.WaitGroup
	var mu sync.Mutex
	looks := 0
	b := newOutbox(now, &group, func(ledger.ObjectID, try) result {
		mu.Lock()
		defer mu.Unlock()
		looks++
		if looks == 3 {
			return result{outcome: finished}
		}
		return result{outcome: held, until: time.Unix(60, 0)}
	})
	b.add(ledger.ObjectID{Name: "a"})
	group.Wait()
	b.add(ledger.ObjectID{Name: "a"})
	group.Wait()
	g.Expect(looks).To(Equal(2))
	g.Expect(b.backlogged()).To(BeFalse())
	now.Step(59 * time.Second)
	group.Wait()
	g.Expect(looks).To(Equal(2))
	now.Step(time.Second)
	group.Wait()
	g.Expect(looks).To(Equal(3))
	g.Expect(b.items).To(BeEmpty())
}
