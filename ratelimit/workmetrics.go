package ratelimit

import (
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// gauges keeps controller-runtime's workqueue_* metrics true for a Queue. Their
// vectors are not public, so a client-go queue goes through the same steps: it
// never holds up anything, and Pop gives it the item that the Queue has chosen.
// It knows an item by its entry, which is small, and of which a Queue makes one
// for all the time that the item is in it. The Queue's lock guards it.
type gauges[T comparable] struct {
	shadow *workqueue.Typed[*entry[T]]
	chosen *chosen[T]
	// retries counts what is added with a delay.
	retries workqueue.TypedDelayingInterface[struct{}]
}

// newGauges returns nil, which does nothing, where the queue has no name.
func newGauges[T comparable](name string, clk clock.WithTicker) *gauges[T] {
	if name == "" {
		return nil
	}
	c := &chosen[T]{}
	retries := workqueue.NewTypedDelayingQueueWithConfig(workqueue.TypedDelayingQueueConfig[struct{}]{Name: name, Queue: sink{}})
	// It ends its goroutine with this, and goes on to count.
	retries.ShutDown()
	return &gauges[T]{
		chosen:  c,
		retries: retries,
		shadow:  workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[*entry[T]]{Name: name, Clock: clk, Queue: c}),
	}
}

func (g *gauges[T]) add(e *entry[T]) {
	if g != nil {
		g.shadow.Add(e)
	}
}

func (g *gauges[T]) get(e *entry[T]) {
	if g != nil {
		g.chosen.entry = e
		g.shadow.Get()
	}
}

func (g *gauges[T]) done(e *entry[T]) {
	if g != nil {
		g.shadow.Done(e)
	}
}

func (g *gauges[T]) retry() {
	if g != nil {
		g.retries.AddAfter(struct{}{}, 0)
	}
}

func (g *gauges[T]) shutDown() {
	if g != nil {
		g.shadow.ShutDown()
	}
}

// chosen is a workqueue.Queue that hands out the entry it was told to.
type chosen[T comparable] struct {
	entry *entry[T]
	n     int
}

// Touch does nothing: order is the lanes' business.
func (c *chosen[T]) Touch(*entry[T]) {}

// Push counts an item.
func (c *chosen[T]) Push(*entry[T]) { c.n++ }

// Len is how many items wait.
func (c *chosen[T]) Len() int { return c.n }

// Pop returns the entry that was chosen.
func (c *chosen[T]) Pop() *entry[T] {
	c.n--
	return c.entry
}

// sink is a queue that takes everything and holds nothing.
type sink struct {
	workqueue.TypedInterface[struct{}]
}

// Add does nothing.
func (sink) Add(struct{}) {}

// ShutDown does nothing.
func (sink) ShutDown() {}

// ShuttingDown is never.
func (sink) ShuttingDown() bool { return false }
