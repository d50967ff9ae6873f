package ratelimit

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// priorityLabels are the values of the label priority, by class.
var priorityLabels = [classes]string{
	PriorityRecheck:    "recheck",
	PriorityQueued:     "queued",
	PriorityInProgress: "in_progress",
	PriorityTerminal:   "terminal",
}

var (
	depthDesc = prometheus.NewDesc("commit_status_hub_queue_depth",
		"Keys that wait for an installation, by priority.",
		[]string{"installation", "priority"}, nil)

	// waitSeconds reaches from the delay of an idle hub to what an exhausted budget
	// of an hour may mean to a large backlog.
	waitSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "commit_status_hub_queue_wait_seconds",
		Help:    "Time from when a key is queued until its installation can pay for it, by priority.",
		Buckets: []float64{.01, .05, .1, .5, 1, 5, 15, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 21600},
	}, []string{"installation", "priority"})

	depths = &depthCollector{queues: map[laneDepths]struct{}{}}
)

func init() { metrics.Registry.MustRegister(waitSeconds, depths) }

// laneDepths is a Queue of whatever items.
type laneDepths interface {
	// addDepths adds how many items wait in each lane that has a name.
	addDepths(byLane map[string][classes]int)
}

// depthCollector asks the queues that live at each scrape, so that what it says
// is true however an item came or left.
type depthCollector struct {
	mu     sync.Mutex
	queues map[laneDepths]struct{}
}

func (c *depthCollector) add(q laneDepths) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queues[q] = struct{}{}
}

func (c *depthCollector) drop(q laneDepths) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.queues, q)
}

// Describe is part of prometheus.Collector.
func (c *depthCollector) Describe(out chan<- *prometheus.Desc) { out <- depthDesc }

// Collect is part of prometheus.Collector.
func (c *depthCollector) Collect(out chan<- prometheus.Metric) {
	byLane := map[string][classes]int{}
	c.mu.Lock()
	for q := range c.queues {
		q.addDepths(byLane)
	}
	c.mu.Unlock()
	for lane, depth := range byLane {
		for class, n := range depth {
			out <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(n), lane, priorityLabels[class])
		}
	}
}

func (q *Queue[T]) addDepths(byLane map[string][classes]int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for name, l := range q.lanes {
		if name == "" {
			continue
		}
		depth := byLane[name]
		for class, n := range l.depth {
			depth[class] += n
		}
		byLane[name] = depth
	}
}

// observeWait notes how long an item waited that leaves its lane now.
func (q *Queue[T]) observeWait(e *entry[T], now time.Time) {
	l := e.cluster.lane
	if q.options.Name == "" || l.name == "" {
		return
	}
	if l.waits[e.class] == nil {
		l.waits[e.class] = waitSeconds.WithLabelValues(l.name, priorityLabels[e.class])
	}
	l.waits[e.class].Observe((now.Sub(q.started) - e.added).Seconds())
}
