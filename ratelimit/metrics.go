package ratelimit

import (
	"cmp"
	"context"
	"net/http"
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

// Request is one request that was sent to an SCM.
type Request struct {
	// SentAt is when it was sent, and Took the time until its response's header, or its failure.
	SentAt time.Time
	Took   time.Duration
	// Method is that of HTTP, and Code the status code of the response, 0 where there was none.
	Method string
	Code   int
	// Provider and Operation are those of WithOperation.
	Provider, Operation string
	// Installation is the id of the installation whose budget it used.
	Installation string
}

// OnRequest calls call after each request that was sent to an SCM, with the request's
// context. call runs on the request's goroutine, so it must not take long.
func (i *Installations) OnRequest(call func(ctx context.Context, r Request)) {
	i.onRequest.Store(&call)
}

// sent counts one attempt and reports it. code is 0 when there was no answer.
func (r *roundTripper) sent(req *http.Request, start time.Time, code int) {
	op, took := operationFrom(req.Context()), r.clock.Since(start)
	record(op, r.id, code, took)
	if call := r.onRequest.Load(); call != nil {
		(*call)(req.Context(), Request{
			SentAt: start, Took: took, Method: cmp.Or(req.Method, http.MethodGet), Code: code,
			Provider: op.provider, Operation: op.name, Installation: r.id,
		})
	}
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
