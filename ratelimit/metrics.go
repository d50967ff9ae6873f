package ratelimit

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// codeError is the code of a request that got no answer.
const codeError = "error"

var (
	requestsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "commit_status_hub_scm_requests_total",
		Help: "Requests that were sent to an SCM, by the status code of the answer; error where there was none.",
	}, []string{"provider", "installation", "operation", "code"})

	requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "commit_status_hub_scm_request_duration_seconds",
		Help:    "Time from sending a request to an SCM until its answer's header, or its failure.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
	}, []string{"provider", "installation", "operation"})
)

func init() {
	metrics.Registry.MustRegister(requestsTotal, requestSeconds)
}

// record counts one attempt. code is 0 when there was no answer.
func record(op operation, installation string, code int, took time.Duration) {
	label := codeError
	if code != 0 {
		label = strconv.Itoa(code)
	}
	requestsTotal.WithLabelValues(op.provider, installation, op.name, label).Inc()
	requestSeconds.WithLabelValues(op.provider, installation, op.name).Observe(took.Seconds())
}
