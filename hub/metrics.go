package hub

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

// metricsPrefix starts the name of every metric of the hub.
const metricsPrefix = "commit_status_hub_"

var patchesTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: metricsPrefix + "status_patches_total",
	Help: "Status patches sent to members, by result: ok, gone (the object is no more), refused (not tried again) or error (tried again).",
}, []string{"cluster", "result"})

func init() { metrics.Registry.MustRegister(patchesTotal) }

var (
	claimsDesc      = prometheus.NewDesc(metricsPrefix+"claims", "CommitStatuses that claim a key, by member.", []string{"cluster"}, nil)
	keysDesc        = prometheus.NewDesc(metricsPrefix+"keys", "Statuses in SCMs that are claimed.", nil, nil)
	conflictingDesc = prometheus.NewDesc(metricsPrefix+"keys_conflicting", "Keys whose claims want different things.", nil, nil)
)

// ledgerMetrics reads its figures off the ledger at each scrape, so that they
// are never behind it.
type ledgerMetrics struct{ ledger *Ledger }

// Describe implements prometheus.Collector.
func (ledgerMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- claimsDesc
	out <- keysDesc
	out <- conflictingDesc
}

// Collect implements prometheus.Collector.
func (m ledgerMetrics) Collect(out chan<- prometheus.Metric) {
	counts := m.ledger.Count()
	for cluster, n := range counts.Claims {
		out <- prometheus.MustNewConstMetric(claimsDesc, prometheus.GaugeValue, float64(n), cluster)
	}
	out <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(counts.Keys))
	out <- prometheus.MustNewConstMetric(conflictingDesc, prometheus.GaugeValue, float64(counts.Conflicting))
}
