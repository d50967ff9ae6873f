package ratelimit

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
)

func TestMetricsTellWhatIsLeftOfEachBucket(t *testing.T) {
	g := NewWithT(t)
	clk := newClock()
	i := NewInstallations(clk)
	i.SetLimits(acme, "a", Limits{RequestsPerHour: 100, WritesPerMinute: 20})
	_, _ = i.Get(acme).Bucket().tryTake(start, WriteCost)
	until := start.Add(time.Minute)
	i.Get(acme).Bucket().Observe(start, Feedback{Remaining: new(int64(42)), ResetAt: start.Add(time.Hour), PauseUntil: until})
	registry := prometheus.NewPedanticRegistry()
	g.Expect(registry.Register(i)).To(Succeed())
	scrape := func() map[string]float64 {
		families, err := registry.Gather()
		g.Expect(err).NotTo(HaveOccurred())
		out := map[string]float64{}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				name := f.GetName()
				for _, l := range m.GetLabel() {
					name += " " + l.GetValue()
				}
				out[name] = m.GetGauge().GetValue()
			}
		}
		return out
	}
	const left, paused = "commit_status_hub_bucket_remaining ", "commit_status_hub_bucket_paused_until_seconds "
	g.Expect(scrape()).To(Equal(map[string]float64{
		left + acme + " requestsPerHour": 42, left + acme + " writesPerMinute": 19, paused + acme: float64(until.Unix()),
	}))
	clk.Step(2 * time.Hour)
	g.Expect(scrape()).To(Equal(map[string]float64{
		left + acme + " requestsPerHour": 100, left + acme + " writesPerMinute": 20, paused + acme: 0,
	}))
}
