package ratelimit

import (
	"fmt"
	"testing"

	"k8s.io/client-go/util/workqueue"
)

// BenchmarkFairness has one cluster queue 10,000 outcomes, and then another one a
// single status that says that work has not begun. client-go's workqueue does the
// same in the order of arrival.
func BenchmarkFairness(b *testing.B) {
	var keys []key
	for i := range 10_000 {
		keys = append(keys, of("busy", fmt.Sprint(i), PriorityTerminal))
	}
	keys = append(keys, of("quiet", "one", PriorityQueued))

	var turns, fifo int
	for b.Loop() {
		q := fakeBench(func(k key) Route { return Route{Lane: k.lane, Cluster: k.cluster, Priority: k.priority} })
		turns = leaveBefore("one", keys, q)
		q.ShutDown()
		w := workqueue.NewTyped[key]()
		fifo = leaveBefore("one", keys, w)
		w.ShutDown()
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(turns), "keys-left-before")
	b.ReportMetric(float64(fifo), "client-go-keys-left-before")
}

// leaveBefore adds keys and is how many of them leave a queue before one of a name.
func leaveBefore(name string, keys []key, q workqueue.TypedInterface[key]) (n int) {
	for _, k := range keys {
		q.Add(k)
	}
	for {
		k, _ := q.Get()
		q.Done(k)
		if k.name == name {
			return n
		}
		n++
	}
}
