package ratelimit

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// gauges keeps controller-runtime's workqueue_* metrics true for a Queue. client-go
// keeps two maps of all items for them, which took half of the time of a long queue; a
// Queue knows itself since when an item waits. The few that are in work are left to
// client-go. The Queue's lock guards it.
type gauges[T comparable] struct {
	depth         prometheus.Gauge
	adds, retries prometheus.Counter
	latency       prometheus.Observer
	// working holds what was handed out, and nothing that waits.
	working *workqueue.Typed[*entry[T]]
}

// newGauges returns nil, which does nothing, where the queue has no name.
func newGauges[T comparable](name string, clk clock.WithTicker) *gauges[T] {
	if name == "" {
		return nil
	}
	v := workVectors()
	return &gauges[T]{
		depth:   v.depth.WithLabelValues(name, name, ""),
		adds:    v.adds.WithLabelValues(name, name),
		retries: v.retries.WithLabelValues(name, name),
		latency: v.latency.WithLabelValues(name, name),
		working: workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[*entry[T]]{Name: name, Clock: clk, MetricsProvider: v}),
	}
}

func (g *gauges[T]) add() {
	if g != nil {
		g.adds.Inc()
		g.depth.Inc()
	}
}

// get notes that an item goes to work, and how long it waited.
func (g *gauges[T]) get(e *entry[T], waited time.Duration) {
	if g != nil {
		g.depth.Dec()
		g.latency.Observe(waited.Seconds())
		g.working.Add(e)
		g.working.Get() // which is e: no other waits there
	}
}

func (g *gauges[T]) done(e *entry[T]) {
	if g != nil {
		g.working.Done(e)
	}
}

// retry counts an item that is added with a delay.
func (g *gauges[T]) retry() {
	if g != nil {
		g.retries.Inc()
	}
}

func (g *gauges[T]) shutDown() {
	if g != nil {
		g.working.ShutDown()
	}
}
