package ratelimit

import (
	"errors"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/client-go/util/workqueue"
	_ "sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue" // registers workqueue_*
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// vectors are the workqueue_* metrics. As a provider it gives client-go those of items
// in work: a Queue counts the others.
type vectors struct {
	depth, unfinished, longest *prometheus.GaugeVec
	adds, retries              *prometheus.CounterVec
	latency, work              *prometheus.HistogramVec
}

// workVectors returns controller-runtime's own. It exports none, but a registry hands
// out what it knows by the same name, help and labels.
var workVectors = sync.OnceValue(func() vectors {
	labels := []string{"name", "controller"}
	gauge := func(key, help string, labels ...string) *prometheus.GaugeVec {
		return registered(prometheus.NewGaugeVec(prometheus.GaugeOpts{Subsystem: metrics.WorkQueueSubsystem, Name: key, Help: help}, labels))
	}
	counter := func(key, help string) *prometheus.CounterVec {
		return registered(prometheus.NewCounterVec(prometheus.CounterOpts{Subsystem: metrics.WorkQueueSubsystem, Name: key, Help: help}, labels))
	}
	histogram := func(key, help string) *prometheus.HistogramVec {
		return registered(prometheus.NewHistogramVec(prometheus.HistogramOpts{Subsystem: metrics.WorkQueueSubsystem, Name: key, Help: help}, labels))
	}
	return vectors{
		depth: gauge(metrics.DepthKey, "Current depth of workqueue by workqueue and priority", "name", "controller", "priority"),
		unfinished: gauge(metrics.UnfinishedWorkKey, "How many seconds of work has been done that "+
			"is in progress and hasn't been observed by work_duration. Large "+
			"values indicate stuck threads. One can deduce the number of stuck "+
			"threads by observing the rate at which this increases.", labels...),
		longest: gauge(metrics.LongestRunningProcessorKey, "How many seconds has the longest running "+
			"processor for workqueue been running.", labels...),
		adds: counter(metrics.AddsKey, "Total number of adds handled by workqueue"),
		retries: counter(metrics.RetriesKey, "Total number of items added to the workqueue with a non-zero delay "+
			"(rate-limited requeues, explicit RequeueAfter or AddAfter calls)"),
		latency: histogram(metrics.QueueLatencyKey, "How long in seconds an item stays in workqueue before being requested"),
		work:    histogram(metrics.WorkDurationKey, "How long in seconds processing an item from workqueue takes."),
	}
})

// registered returns the collector that is registered in the place of mine, and mine,
// which nobody sees, where that differs from it.
func registered[C prometheus.Collector](mine C) C {
	var known prometheus.AlreadyRegisteredError
	if errors.As(metrics.Registry.Register(mine), &known) {
		if theirs, ok := known.ExistingCollector.(C); ok {
			return theirs
		}
	}
	return mine
}

var _ workqueue.MetricsProvider = vectors{}

// NewWorkDurationMetric returns workqueue_work_duration_seconds of the queue called name.
func (v vectors) NewWorkDurationMetric(name string) workqueue.HistogramMetric {
	return v.work.WithLabelValues(name, name)
}

// NewUnfinishedWorkSecondsMetric returns workqueue_unfinished_work_seconds of the queue
// called name.
func (v vectors) NewUnfinishedWorkSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return v.unfinished.WithLabelValues(name, name)
}

// NewLongestRunningProcessorSecondsMetric returns
// workqueue_longest_running_processor_seconds of the queue called name.
func (v vectors) NewLongestRunningProcessorSecondsMetric(name string) workqueue.SettableGaugeMetric {
	return v.longest.WithLabelValues(name, name)
}

// NewDepthMetric returns a metric that nobody sees: a Queue counts its depth itself.
func (vectors) NewDepthMetric(string) workqueue.GaugeMetric { return unseen{} }

// NewAddsMetric returns a metric that nobody sees: a Queue counts what is added itself.
func (vectors) NewAddsMetric(string) workqueue.CounterMetric { return unseen{} }

// NewRetriesMetric returns a metric that nobody sees: a Queue counts its retries itself.
func (vectors) NewRetriesMetric(string) workqueue.CounterMetric { return unseen{} }

// NewLatencyMetric returns a metric that nobody sees: a Queue measures itself how long
// an item waits.
func (vectors) NewLatencyMetric(string) workqueue.HistogramMetric { return unseen{} }

// unseen is a metric of what goes through client-go's queue only to be in work there.
type unseen struct{}

// Inc counts nothing.
func (unseen) Inc() {}

// Dec counts nothing.
func (unseen) Dec() {}

// Observe keeps nothing.
func (unseen) Observe(float64) {}
