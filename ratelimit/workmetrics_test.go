package ratelimit

import (
	"runtime"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// workqueueMetrics are a queue's samples: values of counters and gauges, and how many
// observations a histogram has and their sum.
func workqueueMetrics(g Gomega, queue string) map[string][]float64 {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	out := map[string][]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "name" && l.GetValue() == queue && strings.HasPrefix(family.GetName(), "workqueue_") {
					out[family.GetName()] = append(out[family.GetName()], m.GetCounter().GetValue(), m.GetGauge().GetValue(),
						float64(m.GetHistogram().GetSampleCount()), m.GetHistogram().GetSampleSum())
				}
			}
		}
	}
	return out
}

func TestTheWorkqueueMetricsAreThoseOfClientGo(t *testing.T) {
	g := NewWithT(t)
	ours := newBench(t, func(o *QueueOptions[key]) { o.Name = t.Name() })
	theirs := workqueue.NewTypedRateLimitingQueueWithConfig(workqueue.DefaultTypedControllerRateLimiter[key](),
		workqueue.TypedRateLimitingQueueConfig[key]{Name: "theirs", Clock: ours.clock})
	defer theirs.ShutDown()
	a, b := named("", "a"), named("", "b")
	for _, q := range []workqueue.TypedRateLimitingInterface[key]{ours, theirs} {
		q.Add(a)
		q.Add(b)
		q.Add(b)
	}
	same := func() {
		g.ExpectWithOffset(1, workqueueMetrics(g, t.Name())).To(Equal(workqueueMetrics(g, "theirs")))
	}
	same()
	ours.clock.Step(3 * time.Second)
	for _, q := range []workqueue.TypedRateLimitingInterface[key]{ours, theirs} {
		item, _ := q.Get()
		g.Expect(item).To(Equal(a))
		q.Add(a)
	}
	ours.clock.Step(2 * time.Second)
	g.Eventually(func() any { return workqueueMetrics(g, t.Name())["workqueue_longest_running_processor_seconds"][1] }).Should(Equal(2.0))
	g.Eventually(func() any { return workqueueMetrics(g, "theirs")["workqueue_longest_running_processor_seconds"][1] }).Should(Equal(2.0))
	same()
	for _, q := range []workqueue.TypedRateLimitingInterface[key]{ours, theirs} {
		q.Done(a)
		q.AddAfter(b, time.Second)
	}
	g.Expect(workqueueMetrics(g, "theirs")).To(HaveLen(7))
	same()
}

func TestRetriesAreCountedAsClientGoDoes(t *testing.T) {
	g := NewWithT(t)
	before := runtime.NumGoroutine()
	q := newBench(t, func(o *QueueOptions[key]) { o.Name = t.Name() })
	retries := func() uint64 {
		return counted(g, "workqueue_retries_total", "controller="+t.Name()+",name="+t.Name())
	}
	had := retries()
	q.Add(named("", "a"))
	q.AddRateLimited(named("", "b"))
	q.AddAfter(named("", "c"), time.Second)
	q.AddAfter(named("", "d"), 0)
	g.Expect(retries() - had).To(BeEquivalentTo(3))
	q.clock.Step(time.Second)
	g.Eventually(q.Len).Should(Equal(4))
	g.Expect(retries()-had).To(BeEquivalentTo(3), "what was due is not counted again")
	g.Eventually(runtime.NumGoroutine).Should(BeNumerically("<=", before+2), "the queue's timer and the metrics' own")
	q.ShutDown()
	q.AddAfter(named("", "e"), time.Second)
	g.Expect(retries() - had).To(BeEquivalentTo(3))
}
