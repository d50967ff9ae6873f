package ratelimit

import (
	"fmt"
	"runtime"
	"testing"

	"k8s.io/client-go/util/workqueue"
	_ "sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue" // registers workqueue_* for the floor
)

// statusKey is what the hub's keys look like.
type statusKey struct{ host, repository, sha, name string }

// laneClusters is how many clusters have keys in the lane that is measured.
const laneClusters = 10

func statusKeys(n int) []statusKey {
	keys := make([]statusKey, n)
	for i := range keys {
		keys[i] = statusKey{"github.com", fmt.Sprintf("acme/%d", i%laneClusters), fmt.Sprintf("%040x", i), "deploy"}
	}
	return keys
}

// newLane makes a queue as the hub does: with metrics and budgets.
func newLane() workqueue.TypedInterface[statusKey] {
	return NewQueue(QueueOptions[statusKey]{
		Metrics: true,
		Route:   func(k statusKey) Route { return Route{Lane: acme, Cluster: k.repository, Priority: PriorityTerminal} },
	})
}

// newFloor makes client-go's workqueue, with metrics as well.
func newFloor() workqueue.TypedInterface[statusKey] {
	return workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[statusKey]{Name: "bench-floor"})
}

// turn is one Get, Done and Add: as many keys wait after it as before.
func turn(q workqueue.TypedInterface[statusKey]) func() {
	return func() {
		k, _ := q.Get()
		q.Done(k)
		q.Add(k)
	}
}

// filled adds keys to a queue that is shut down at the end.
func filled(b *testing.B, q workqueue.TypedInterface[statusKey], keys []statusKey) workqueue.TypedInterface[statusKey] {
	b.Cleanup(q.ShutDown)
	for _, k := range keys {
		q.Add(k)
	}
	return q
}

// BenchmarkLane has keys go through one lane of ten clusters in which others wait,
// each with a slot of its own, and through client-go's workqueue; and, to tell by
// how much each gets slower, through both of them while ten wait.
func BenchmarkLane(b *testing.B) {
	for _, waiting := range []int{10, 10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d_keys_wait", waiting), func(b *testing.B) {
			keys := statusKeys(waiting)
			lane, floor := filled(b, newLane(), keys), filled(b, newFloor(), keys)
			few, floorFew := filled(b, newLane(), keys[:10]), filled(b, newFloor(), keys[:10])
			took := compare(b, 1000, turn(lane), turn(floor), turn(few), turn(floorFew))
			b.ReportMetric(1e9/took[0], "keys/s")
			b.ReportMetric(1e9/took[1], "client-go-keys/s")
			b.ReportMetric(took[0]/took[1], "x-time-of-client-go")
			b.ReportMetric(took[0]/took[2], "x-time-with-10-waiting")
			b.ReportMetric(took[1]/took[3], "client-go-x-time-with-10-waiting")
		})
	}
}

// BenchmarkLaneOfRechecks has keys with a write go through a lane in which a re-check of each
// of many namespaces waits, and through one without them: a walk through those namespaces
// would take the more time the more they are.
func BenchmarkLaneOfRechecks(b *testing.B) {
	const writes = 100
	for _, rechecks := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("%d_namespaces_wait", rechecks), func(b *testing.B) {
			q := func() workqueue.TypedInterface[statusKey] {
				return NewQueue(QueueOptions[statusKey]{Metrics: true, Route: func(k statusKey) Route {
					if k.name == "recheck" {
						return Route{Lane: acme, Cluster: "a", Namespace: k.sha, Priority: PriorityRecheck}
					}
					return Route{Lane: acme, Cluster: "a", Namespace: "writes", Priority: PriorityTerminal}
				}})
			}
			keys := statusKeys(rechecks + writes)
			for i := range rechecks {
				keys[writes+i].name = "recheck"
			}
			took := compare(b, 1000, turn(filled(b, q(), keys)), turn(filled(b, q(), keys[:writes])))
			b.ReportMetric(took[0]/took[1], "x-time-without-rechecks")
		})
	}
}

// BenchmarkLaneMemory fills a lane, and client-go's workqueue. What the keys' own
// strings take is not counted.
func BenchmarkLaneMemory(b *testing.B) {
	for _, waiting := range []int{10, 10_000, 1_000_000} {
		b.Run(fmt.Sprintf("%d_keys_wait", waiting), func(b *testing.B) {
			var lane, floor float64
			for b.Loop() {
				lane, floor = bytesPerKey(waiting, newLane), bytesPerKey(waiting, newFloor)
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(lane, "bytes/key")
			b.ReportMetric(floor, "client-go-bytes/key")
			b.ReportMetric(lane/floor, "x-bytes-of-client-go")
		})
	}
}

// bytesPerKey is by how much the heap grows with each key that joins the first of
// each cluster. Small queues are measured many at a time.
func bytesPerKey(waiting int, newQueue func() workqueue.TypedInterface[statusKey]) float64 {
	keys := statusKeys(waiting + laneClusters)
	queues := make([]workqueue.TypedInterface[statusKey], max(1, 10_000/waiting))
	for i := range queues {
		queues[i] = newQueue()
		for _, k := range keys[:laneClusters] {
			queues[i].Add(k)
		}
	}
	before := heapInUse()
	for _, q := range queues {
		for _, k := range keys[laneClusters:] {
			q.Add(k)
		}
	}
	after := heapInUse()
	for _, q := range queues {
		q.ShutDown()
	}
	runtime.KeepAlive(keys)
	return float64(after-before) / float64(len(queues)*waiting)
}

func heapInUse() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
