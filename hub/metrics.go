package hub

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// metricsPrefix starts the name of every metric of the hub.
const metricsPrefix = "commit_status_hub_"

var (
	claimsDesc      = prometheus.NewDesc(metricsPrefix+"claims", "CommitStatuses that claim a key, by member.", []string{"cluster"}, nil)
	keysDesc        = prometheus.NewDesc(metricsPrefix+"keys", "Statuses in SCMs that are claimed.", nil, nil)
	conflictingDesc = prometheus.NewDesc(metricsPrefix+"keys_conflicting", "Keys whose claims want different things, of which only the oldest claim's is shown.", nil, nil)
	driftedDesc     = prometheus.NewDesc(metricsPrefix+"keys_drifted", "Keys at which the SCM shows somebody else's change.", nil, nil)
	savedDesc       = prometheus.NewDesc(metricsPrefix+"writes_saved_total",
		"SCM writes that were not needed, by reason: duplicate (another claim had it shown), coalesced (overtaken while it waited) or unchanged (shown already).",
		[]string{"reason"}, nil)
	buildDesc     = prometheus.NewDesc(metricsPrefix+"build_info", "Always 1, with the version of the hub.", []string{"version"}, nil)
	overruledDesc = prometheus.NewDesc(metricsPrefix+"failures_overruled",
		"Claims that want failure and were told that an older claim has something else shown.", nil, nil)
)

// buildMetric is the version of the hub.
type buildMetric string

// Describe implements prometheus.Collector.
func (buildMetric) Describe(out chan<- *prometheus.Desc) { out <- buildDesc }

// Collect implements prometheus.Collector.
func (b buildMetric) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(buildDesc, prometheus.GaugeValue, 1, string(b))
}

// ledgerMetrics reads its figures off the ledger at each scrape.
type ledgerMetrics struct {
	ledger interface{ Count() ledger.Counts }
}

// Describe implements prometheus.Collector.
func (ledgerMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- claimsDesc
	out <- keysDesc
	out <- conflictingDesc
	out <- driftedDesc
	out <- savedDesc
	out <- overruledDesc
}

// Collect implements prometheus.Collector.
func (m ledgerMetrics) Collect(out chan<- prometheus.Metric) {
	counts := m.ledger.Count()
	for cluster, n := range counts.Claims {
		out <- prometheus.MustNewConstMetric(claimsDesc, prometheus.GaugeValue, float64(n), cluster)
	}
	out <- prometheus.MustNewConstMetric(keysDesc, prometheus.GaugeValue, float64(counts.Keys))
	out <- prometheus.MustNewConstMetric(conflictingDesc, prometheus.GaugeValue, float64(counts.Conflicting))
	out <- prometheus.MustNewConstMetric(driftedDesc, prometheus.GaugeValue, float64(counts.Drifted))
	for reason, n := range map[string]uint64{
		"duplicate": counts.Saved.Duplicate, "coalesced": counts.Saved.Coalesced, "unchanged": counts.Saved.Unchanged,
	} {
		out <- prometheus.MustNewConstMetric(savedDesc, prometheus.CounterValue, float64(n), reason)
	}
	out <- prometheus.MustNewConstMetric(overruledDesc, prometheus.CounterValue, float64(counts.Overruled))
}
