package hub

import (
	"testing"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// scrape returns the figures of a collector, by name and labels' values.
func scrape(g *WithT, c prometheus.Collector) map[string]float64 {
	registry := prometheus.NewPedanticRegistry()
	g.Expect(registry.Register(c)).To(Succeed())
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	out := map[string]float64{}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, label := range m.GetLabel() {
				name += " " + label.GetValue()
			}
			if h := m.GetHistogram(); h != nil {
				out[name+" count"], out[name+" sum"] = float64(h.GetSampleCount()), h.GetSampleSum()
				continue
			}
			out[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return out
}

// countedLedger is a ledger with these figures.
type countedLedger ledger.Counts

func (c countedLedger) Count() ledger.Counts { return ledger.Counts(c) }

func TestBuildMetric_HasTheVersion(t *testing.T) {
	g := NewWithT(t)
	g.Expect(scrape(g, buildMetric("v1.2.3"))).To(Equal(map[string]float64{"commit_status_hub_build_info v1.2.3": 1}))
}

func TestTheMetricsSayWhatWasSaved(t *testing.T) {
	g := NewWithT(t)
	counts := ledger.Counts{
		Claims: map[string]int{"eu": 1}, Keys: 1, Conflicting: 5, Drifted: 6,
		Saved: ledger.Saved{Duplicate: 3, Coalesced: 2, Unchanged: 1}, Overruled: 4,
	}
	g.Expect(scrape(g, ledgerMetrics{ledger: countedLedger(counts)})).To(Equal(map[string]float64{
		"commit_status_hub_claims eu":                    1,
		"commit_status_hub_keys":                         1,
		"commit_status_hub_keys_conflicting":             5,
		"commit_status_hub_keys_drifted":                 6,
		"commit_status_hub_writes_saved_total duplicate": 3,
		"commit_status_hub_writes_saved_total coalesced": 2,
		"commit_status_hub_writes_saved_total unchanged": 1,
		"commit_status_hub_failures_overruled":           4,
	}))
}
