package syncer

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var transitionSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
	Name:    "commit_status_hub_transition_duration_seconds",
	Help:    "Time from seeing what a key should show until the SCM answered the write that shows it.",
	Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600, 3 * 3600, 6 * 3600},
}, []string{"provider", "phase"})

func init() { metrics.Registry.MustRegister(transitionSeconds) }
