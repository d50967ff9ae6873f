package ratelimit

import (
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// gauges keeps controller-runtime's workqueue_* metrics true for a Queue. Their
// vectors are not public, so a client-go queue goes through the same steps: it
// never holds up anything, and Pop gives it the item that the Queue has chosen.
// The Queue's lock guards it.
type gauges[T comparable] struct {
	shadow *workqueue.Typed[T]
	chosen *chosen[T]
}

// newGauges returns nil, which does nothing, where the queue has no name.
func newGauges[T comparable](name string, clk clock.WithTicker) *gauges[T] {
	if name == "" {
		return nil
	}
	c := &chosen[T]{}
	return &gauges[T]{
		chosen: c,
		shadow: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[T]{Name: name, Clock: clk, Queue: c}),
	}
}

func (g *gauges[T]) add(item T) {
	if g != nil {
		g.shadow.Add(item)
	}
}

func (g *gauges[T]) get(item T) {
	if g != nil {
		g.chosen.item = item
		g.shadow.Get()
	}
}

func (g *gauges[T]) done(item T) {
	if g != nil {
		g.shadow.Done(item)
	}
}

func (g *gauges[T]) shutDown() {
	if g != nil {
		g.shadow.ShutDown()
	}
}

// chosen is a workqueue.Queue that hands out the item it was told to.
type chosen[T comparable] struct {
	item T
	n    int
}

// Touch does nothing: order is the lanes' business.
func (c *chosen[T]) Touch(T) {}

// Push counts an item.
func (c *chosen[T]) Push(T) { c.n++ }

// Len is how many items wait.
func (c *chosen[T]) Len() int { return c.n }

// Pop returns the item that was chosen.
func (c *chosen[T]) Pop() T {
	c.n--
	return c.item
}
