package ratelimit

import (
	"testing"

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
