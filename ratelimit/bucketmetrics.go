package ratelimit

import "github.com/prometheus/client_golang/prometheus"

var (
	remainingDesc = prometheus.NewDesc("commit_status_hub_bucket_remaining",
		"How much of a limit is left in its window; for requests, at most what the SCM says is left.",
		[]string{"installation", "limit"}, nil)
	pausedDesc = prometheus.NewDesc("commit_status_hub_bucket_paused_until_seconds",
		"Until when an installation is sent nothing, in seconds since 1970; 0 while it is not paused.",
		[]string{"installation"}, nil)
)

// Describe implements prometheus.Collector.
func (i *Installations) Describe(out chan<- *prometheus.Desc) {
	out <- remainingDesc
	out <- pausedDesc
}

// Collect implements prometheus.Collector. It reads the buckets at each scrape, and leaves out
// installations that are no longer in use.
func (i *Installations) Collect(out chan<- prometheus.Metric) {
	var all []*Installation
	i.mu.Lock()
	for id, in := range i.byID {
		if i.inUse(id) {
			all = append(all, in)
		}
	}
	i.mu.Unlock()
	for _, in := range all {
		now := in.clock.Now()
		for limit, left := range in.bucket.remaining(now) {
			out <- prometheus.MustNewConstMetric(remainingDesc, prometheus.GaugeValue, float64(left), in.id, limit)
		}
		paused := 0.0
		if until := in.bucket.PausedUntil(now); !until.IsZero() {
			paused = float64(until.Unix())
		}
		out <- prometheus.MustNewConstMetric(pausedDesc, prometheus.GaugeValue, paused, in.id)
	}
}
