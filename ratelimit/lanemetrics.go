package ratelimit

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// priorityLabels contains the values of the label priority, by class.
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

	// waitSeconds has buckets from the delay of an idle hub to what an exhausted hourly budget
	// means for a large backlog.
	waitSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "commit_status_hub_queue_wait_seconds",
		Help:    "Time from when a key is queued until its installation can pay for it, by priority.",
		Buckets: []float64{.01, .05, .1, .5, 1, 5, 15, 30, 60, 300, 600, 1800, 3600, 7200, 14400, 21600},
	}, []string{"installation", "priority"})

	oldestDesc = prometheus.NewDesc("commit_status_hub_queue_oldest_seconds",
		"How long the key that has waited longest for an installation has waited, by priority; 0 where none waits.",
		[]string{"installation", "priority"}, nil)

	waitings = &waitCollector{queues: map[laneWaits]struct{}{}}
)

func init() { metrics.Registry.MustRegister(waitSeconds, waitings) }

// PriorityNames are the names of the classes of priority, the lowest first.
func PriorityNames() []string { return priorityLabels[:] }

// waits is the state of a lane by class: the number of items, and the age of the oldest.
type waits struct {
	depth  [classes]int
	oldest [classes]time.Duration
}

// Waits is what waits in one lane, by class of priority, the lowest first.
type Waits struct {
	// Depth is the number of items, and Oldest how long the one that was queued first has waited.
	Depth  []int
	Oldest []time.Duration
}

// Waits returns what waits in each lane that is not empty, by the id of its installation.
func (q *Queue[T]) Waits() map[string]Waits {
	byLane := map[string]waits{}
	q.addWaits(byLane)
	out := make(map[string]Waits, len(byLane))
	for lane, w := range byLane {
		out[lane] = Waits{Depth: w.depth[:], Oldest: w.oldest[:]}
	}
	return out
}

// laneWaits is a Queue of any item type.
type laneWaits interface {
	// addWaits adds the state of each lane that has a name.
	addWaits(byLane map[string]waits)
}

// waitCollector reads the queues at each scrape.
type waitCollector struct {
	mu     sync.Mutex
	queues map[laneWaits]struct{}
}

func (c *waitCollector) add(q laneWaits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queues[q] = struct{}{}
}

func (c *waitCollector) drop(q laneWaits) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.queues, q)
}

// Describe is part of prometheus.Collector.
func (c *waitCollector) Describe(out chan<- *prometheus.Desc) {
	out <- depthDesc
	out <- oldestDesc
}

// Collect is part of prometheus.Collector.
func (c *waitCollector) Collect(out chan<- prometheus.Metric) {
	byLane := map[string]waits{}
	c.mu.Lock()
	for q := range c.queues {
		q.addWaits(byLane)
	}
	c.mu.Unlock()
	for lane, w := range byLane {
		for class, label := range priorityLabels {
			out <- prometheus.MustNewConstMetric(depthDesc, prometheus.GaugeValue, float64(w.depth[class]), lane, label)
			out <- prometheus.MustNewConstMetric(oldestDesc, prometheus.GaugeValue, w.oldest[class].Seconds(), lane, label)
		}
	}
}

// addWaits uses the first entry of each list as its oldest. That is exact, except for entries
// that returned behind many others.
func (q *Queue[T]) addWaits(byLane map[string]waits) {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.age()
	for name, l := range q.lanes {
		if name == "" {
			continue
		}
		w := byLane[name]
		for class, n := range l.depth {
			w.depth[class] += n
		}
		for _, c := range l.clusters {
			c.namespaces.ages(&w, now)
		}
		byLane[name] = w
	}
	for _, x := range q.exclusions {
		for c, h := range x.held {
			if c.lane.name != "" {
				w := byLane[c.lane.name]
				h.namespaces.ages(&w, now)
				byLane[c.lane.name] = w
			}
		}
	}
}

// ages adds the age of the first item of each class to w.
func (s *namespaces[T]) ages(w *waits, now time.Duration) {
	for n := range s.all() {
		for class := range n.items {
			if first := n.items[class].head; first != nil {
				w.oldest[class] = max(w.oldest[class], now-first.added)
			}
		}
	}
}

// observeWait records how long an item that leaves its lane now has waited.
func (q *Queue[T]) observeWait(e *entry[T], now time.Time) {
	l := e.from.cluster.lane
	if !q.options.Metrics || l.name == "" {
		return
	}
	if l.waits[e.class] == nil {
		l.waits[e.class] = waitSeconds.WithLabelValues(l.name, priorityLabels[e.class])
	}
	l.waits[e.class].Observe((now.Sub(q.started) - e.added).Seconds())
}
