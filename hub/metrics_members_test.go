package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

func TestAScrapeTellsHowEachMemberIs(t *testing.T) {
	g := NewWithT(t)
	clk := clocktesting.NewFakePassiveClock(time.UnixMilli(1000_500))
	last := newLastEvents(clk)
	last.note("eu")
	last.note("gone")
	clk.SetTime(time.UnixMilli(2000_250))
	last.note("us")
	m := fleetMetrics{last: last, health: func() map[string]kubeconfigs.Health {
		return map[string]kubeconfigs.Health{
			"eu": {State: kubeconfigs.Unreachable}, "us": {State: kubeconfigs.Connected, CredentialExpiry: time.Unix(3000, 0), LeftOut: 7, Unreadable: 2, Duplicates: "eu"}, "new": {State: kubeconfigs.Connecting},
		}
	}}
	registry := prometheus.NewRegistry()
	registry.MustRegister(m)
	families, err := registry.Gather()
	g.Expect(err).NotTo(HaveOccurred())
	told := map[string]float64{}
	for _, f := range families {
		for _, metric := range f.GetMetric() {
			told[f.GetName()+" "+metric.GetLabel()[0].GetValue()] = metric.GetGauge().GetValue()
		}
	}
	g.Expect(last.at).NotTo(HaveKey("gone"))
	g.Expect(told).To(Equal(map[string]float64{
		"commit_status_hub_cluster_connected eu":                 0,
		"commit_status_hub_cluster_connected new":                0,
		"commit_status_hub_cluster_connected us":                 1,
		"commit_status_hub_cluster_last_event_seconds eu":        1000.5,
		"commit_status_hub_cluster_last_event_seconds us":        2000.25,
		"commit_status_hub_cluster_objects_left_out eu":          0,
		"commit_status_hub_cluster_objects_left_out new":         0,
		"commit_status_hub_cluster_objects_left_out us":          7,
		"commit_status_hub_cluster_credential_expiry_seconds us": 3000,
		"commit_status_hub_cluster_twin eu":                      0,
		"commit_status_hub_cluster_twin new":                     0,
		"commit_status_hub_cluster_twin us":                      1,
		"commit_status_hub_cluster_unreadable_objects eu":        0,
		"commit_status_hub_cluster_unreadable_objects new":       0,
		"commit_status_hub_cluster_unreadable_objects us":        2,
	}))
}
