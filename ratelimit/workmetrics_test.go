package ratelimit

import (
	"runtime"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	_ "sigs.k8s.io/controller-runtime/pkg/controller" // registers the workqueue_* metrics
)

func TestTheWorkqueueMetricsStayTrue(t *testing.T) {
	g := NewWithT(t)
	q := newBench(t, func(o *QueueOptions[key]) { o.Name = t.Name() })
	adds := func() uint64 {
		return counted(g, "workqueue_adds_total", "controller="+t.Name()+",name="+t.Name())
	}
	done := func() uint64 {
		return counted(g, "workqueue_work_duration_seconds", "controller="+t.Name()+",name="+t.Name())
	}
	b, a := named("", "b"), named("", "a")
	a.priority = 1
	added, handled := adds(), done()
	q.Add(b)
	q.Add(a)
	g.Expect(q.drain()).To(Equal([]string{"a", "b"}))
	q.Add(a)
	q.Add(a)
	q.Done(a)
	g.Expect(adds() - added).To(BeEquivalentTo(3))
	g.Expect(done() - handled).To(BeEquivalentTo(1))
	g.Expect(q.Len()).To(Equal(1))
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
