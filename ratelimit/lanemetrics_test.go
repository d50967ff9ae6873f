package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// figure is a gauge's value, or a histogram's sum and count.
type figure struct {
	value float64
	count uint64
}

// inLane returns the figures of a metric in a lane, by priority.
func inLane(g Gomega, name, lane string) map[string]figure {
	families, err := metrics.Registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	byPriority := map[string]figure{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if labels := m.GetLabel(); family.GetName() == name && labels[0].GetValue() == lane {
				g.Expect(labels[0].GetName()).To(Equal("installation"))
				g.Expect(labels[1].GetName()).To(Equal("priority"))
				h := m.GetHistogram()
				byPriority[labels[1].GetValue()] = figure{m.GetGauge().GetValue() + h.GetSampleSum(), h.GetSampleCount()}
			}
		}
	}
	return byPriority
}

// depthOf is the depth of a lane: re-checks, queued, in progress, terminal.
func depthOf(g Gomega, lane string) (depth [classes]int) {
	byPriority := inLane(g, "commit_status_hub_queue_depth", lane)
	for class, label := range priorityLabels {
		depth[class] = int(byPriority[label].value)
	}
	return depth
}

func TestTheDepthIsTrueAtEachScrape(t *testing.T) {
	g := NewWithT(t)
	const one, two = "git.example.com/depth/1", "git.example.com/depth/2"
	routes := map[string]Route{}
	q := newBench(t, func(o *QueueOptions[key]) {
		o.Metrics = true
		o.Route = func(k key) Route { return routes[k.name] }
	})
	add := func(name string, r Route) {
		routes[name] = r
		q.Add(named("", name))
	}
	add("free", Route{})
	add("x1", Route{Lane: one, Exclusion: "x", Priority: PriorityTerminal})
	add("x2", Route{Lane: one, Exclusion: "x", Priority: PriorityQueued})
	add("x3", Route{Lane: one, Exclusion: "x", Priority: PriorityQueued})
	add("y", Route{Lane: one, Priority: PriorityInProgress})
	g.Expect(depthOf(g, one)).To(Equal([classes]int{0, 2, 1, 1}))
	g.Expect(inLane(g, "commit_status_hub_queue_depth", "")).To(BeEmpty(), "what pays nothing waits for none")
	g.Expect(q.drain()).To(ConsistOf("free", "x1", "y"))
	g.Expect(depthOf(g, one)).To(Equal([classes]int{0, 2, 0, 0}), "what an exclusion holds back waits too")
	add("x3", Route{Lane: one, Exclusion: "x", Priority: PriorityTerminal})
	g.Expect(depthOf(g, one)).To(Equal([classes]int{0, 1, 0, 1}), "it moved up")
	add("x2", Route{Lane: two, Exclusion: "x"})
	g.Expect(depthOf(g, one)).To(Equal([classes]int{0, 0, 0, 1}), "it moved away")
	g.Expect(depthOf(g, two)).To(Equal([classes]int{0, 1, 0, 0}))
	add("x1", Route{Lane: two, Priority: PriorityRecheck})
	g.Expect(depthOf(g, two)).To(Equal([classes]int{0, 1, 0, 0}), "it is in work")
	q.Done(named("", "x1"))
	g.Expect(depthOf(g, one)).To(Equal([classes]int{0, 0, 0, 1}), "it may leave, and has not")
	g.Expect(depthOf(g, two)).To(Equal([classes]int{1, 1, 0, 0}))
	other := newBench(t, func(o *QueueOptions[key]) { o.Metrics = true })
	other.Add(key{lane: two, name: "theirs"})
	g.Expect(depthOf(g, two)).To(Equal([classes]int{2, 1, 0, 0}), "queues of one process add up")
	other.ShutDown()
	q.ShutDown()
	g.Expect(depthOf(g, one)).To(BeZero())
	g.Expect(depthOf(g, two)).To(BeZero())
}

func TestWaitsAreCountedFromAddUntilTheLaneIsLeft(t *testing.T) {
	g := NewWithT(t)
	const lane = "git.example.com/waits/1"
	q := newBench(t, func(o *QueueOptions[key]) { o.Metrics = true })
	waits := func() map[string]figure { return inLane(g, "commit_status_hub_queue_wait_seconds", lane) }
	before := waits()
	q.Add(key{lane: lane, name: "a", priority: PriorityTerminal})
	q.Add(key{name: "free"})
	q.clock.Step(90 * time.Second)
	q.Add(key{lane: lane, name: "a", priority: PriorityTerminal})
	q.Add(key{lane: lane, name: "b"})
	g.Expect(waits()).To(Equal(before))
	g.Expect(q.drain()).To(HaveLen(3))
	g.Expect(waits()["terminal"]).To(Equal(figure{before["terminal"].value + 90, before["terminal"].count + 1}))
	g.Expect(waits()["recheck"]).To(Equal(figure{before["recheck"].value, before["recheck"].count + 1}))
	g.Expect(inLane(g, "commit_status_hub_queue_wait_seconds", "")).To(BeEmpty())
}

func TestQueue_HasNoMetricsUnlessAskedFor(t *testing.T) {
	g := NewWithT(t)
	const lane = "git.example.com/nameless/1"
	q := newBench(t)
	q.Add(named(lane, "a"))
	q.Add(named(lane, "b"))
	g.Expect(q.handle()).To(Equal("a"))
	g.Expect(inLane(g, "commit_status_hub_queue_depth", lane)).To(BeEmpty())
	g.Expect(inLane(g, "commit_status_hub_queue_wait_seconds", lane)).To(BeEmpty())
}

func TestTheAgeOfTheOldestIsTrueAtEachScrape(t *testing.T) {
	g := NewWithT(t)
	const lane = "git.example.com/oldest/1"
	q := newBench(t, func(o *QueueOptions[key]) {
		o.Metrics = true
		o.Route = func(k key) Route {
			return Route{Lane: k.lane, Cluster: k.name, Priority: k.priority, Exclusion: map[bool]string{true: "x"}[k.priority == PriorityQueued]}
		}
	})
	oldest := func() map[string]float64 {
		out := map[string]float64{}
		for priority, f := range inLane(g, "commit_status_hub_queue_oldest_seconds", lane) {
			out[priority] = f.value
		}
		return out
	}
	q.Add(key{lane: lane, name: "x1", priority: PriorityQueued})
	g.Expect(q.drain()).To(ConsistOf("x1"), "which holds back the other")
	q.clock.Step(10 * time.Second)
	q.Add(key{lane: lane, name: "x2", priority: PriorityQueued})
	q.Add(key{lane: lane, name: "a", priority: PriorityTerminal})
	q.clock.Step(time.Minute)
	q.Add(key{lane: lane, name: "b", priority: PriorityTerminal})
	q.clock.Step(time.Second)
	g.Expect(oldest()).To(Equal(map[string]float64{"recheck": 0, "queued": 61, "in_progress": 0, "terminal": 61}))
	q.Add(key{lane: lane, name: "b", priority: PriorityTerminal})
	g.Expect(q.drain()).To(ConsistOf("a", "b"))
	g.Expect(oldest()).To(Equal(map[string]float64{"recheck": 0, "queued": 61, "in_progress": 0, "terminal": 0}))
}
