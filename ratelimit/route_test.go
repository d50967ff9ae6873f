package ratelimit

import (
	"sync"
	"testing"

	. "github.com/onsi/gomega"
)

// preempted is a Route that can be held up after it has read where an item belongs.
type preempted struct {
	mu   sync.Mutex
	lane string
	hold chan struct{} // what the next answer waits for, nil for nothing
	read chan struct{} // told when an answer is held up
}

func (p *preempted) route(key) Route {
	p.mu.Lock()
	lane, hold := p.lane, p.hold
	p.hold = nil
	p.mu.Unlock()
	if hold != nil {
		p.read <- struct{}{}
		<-hold
	}
	return Route{Lane: lane}
}

func (p *preempted) set(lane string, hold chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lane, p.hold = lane, hold
}

func newPreempted(t *testing.T) (*preempted, *bench) {
	p := &preempted{read: make(chan struct{}, 1)}
	return p, newBench(t, func(o *QueueOptions[key]) { o.Route = p.route })
}

// laneOf is the lane in which an item waits, "" where it does not wait.
func (b *bench) laneOf(k key) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.waiting[k]; e != nil {
		return e.from.cluster.lane.name
	}
	return ""
}

func TestQueueAdd_IgnoresStaleRoute(t *testing.T) {
	g := NewWithT(t)
	p, q := newPreempted(t)
	a := named("", "a")
	hold, late := make(chan struct{}), make(chan struct{})
	p.set("old", hold)
	go func() {
		defer close(late)
		q.Add(a)
	}()
	<-p.read
	p.set("new", nil)
	q.Add(a)
	close(hold)
	<-late
	g.Expect(q.laneOf(a)).To(Equal("new"))
	g.Expect(q.Len()).To(Equal(1))

	p.set("newest", nil)
	q.Add(a)
	g.Expect(q.laneOf(a)).To(Equal("newest"))
}

func TestQueueDone_IgnoresRouteThatIsOlderThanTheLastAdd(t *testing.T) {
	g := NewWithT(t)
	p, q := newPreempted(t)
	a := named("", "a")
	p.set("first", nil)
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a"}))
	q.Add(a)
	hold, late := make(chan struct{}), make(chan struct{})
	p.set("old", hold)
	go func() {
		defer close(late)
		q.Done(a)
	}()
	<-p.read
	p.set("new", nil)
	q.Add(a)
	close(hold)
	<-late
	g.Expect(q.laneOf(a)).To(Equal("new"))
}
