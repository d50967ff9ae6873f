package hub

import (
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"go.uber.org/goleak"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestAnOutboxBacksOffAsAWholeAndLosesNothing(t *testing.T) {
	defer goleak.VerifyNone(t)
	g := NewWithT(t)
	now := clocktesting.NewFakeClock(time.Unix(0, 0))
	var mu sync.Mutex
	down, tries, done := true, 0, map[ObjectID]int{}
	var group sync.WaitGroup
	b := newOutbox(now, &group, func(id ObjectID) bool {
		mu.Lock()
		defer mu.Unlock()
		tries++
		if !down {
			done[id]++
		}
		return !down
	})
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		b.add(ObjectID{Name: name})
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
	b := newOutbox(clocktesting.NewFakeClock(time.Unix(0, 0)), &group, func(ObjectID) bool {
		entered <- struct{}{}
		<-leave
		return true
	})
	id := ObjectID{Name: "a"}
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
	b := newOutbox(clocktesting.NewFakeClock(time.Unix(0, 0)), &group, func(ObjectID) bool { return false })
	b.add(ObjectID{Name: "a"})
	group.Wait()
	b.close()
	b.add(ObjectID{Name: "b"})
	group.Wait()
}
