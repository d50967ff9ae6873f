package hub

import (
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

var (
	connectedDesc = prometheus.NewDesc(metricsPrefix+"cluster_connected",
		"Whether a member is engaged and answers, as far as is known: 1 or 0.", []string{"cluster"}, nil)
	lastEventDesc = prometheus.NewDesc(metricsPrefix+"cluster_last_event_seconds",
		"When a CommitStatus or GitRepo of a member was last seen to come, change or go, in seconds since 1970. A quiet member has an old one.",
		[]string{"cluster"}, nil)
	leftOutDesc = prometheus.NewDesc(metricsPrefix+"cluster_objects_left_out",
		"How many CommitStatuses and GitRepos of a member are left out, above --member-object-limit or --fleet-object-limit.",
		[]string{"cluster"}, nil)
	unreadableDesc = prometheus.NewDesc(metricsPrefix+"cluster_unreadable_objects",
		"How many CommitStatuses and GitRepos of a member are left out, because they cannot be read.", []string{"cluster"}, nil)
	duplicateDesc = prometheus.NewDesc(metricsPrefix+"cluster_twin",
		"Whether a member's Secret is of the same cluster as another's, or another member shows some of the same objects: 1 or 0.",
		[]string{"cluster"}, nil)
	credentialDesc = prometheus.NewDesc(metricsPrefix+"cluster_credential_expiry_seconds",
		"When the token or the client certificate of a member ends, in seconds since 1970. The hub renews a ServiceAccount's token at half of its life.",
		[]string{"cluster"}, nil)
)

// lastEvents is when each member last sent an event.
type lastEvents struct {
	clock clock.PassiveClock
	mu    sync.Mutex
	at    map[string]time.Time
}

func newLastEvents(clk clock.PassiveClock) *lastEvents {
	return &lastEvents{clock: clk, at: map[string]time.Time{}}
}

func (l *lastEvents) note(cluster string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.at[cluster] = l.clock.Now()
}

// of returns those of members, and forgets those of all others.
func (l *lastEvents) of(members map[string]kubeconfigs.Health) map[string]time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.at, func(cluster string, _ time.Time) bool { _, ok := members[cluster]; return !ok })
	return maps.Clone(l.at)
}

// fleetMetrics reads off at each scrape how the members are. Those that have no Secret
// any more are not in it.
type fleetMetrics struct {
	health func() map[string]kubeconfigs.Health
	last   *lastEvents
}

// Describe implements prometheus.Collector.
func (fleetMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- connectedDesc
	out <- lastEventDesc
	out <- leftOutDesc
	out <- unreadableDesc
	out <- credentialDesc
	out <- duplicateDesc
}

// Collect implements prometheus.Collector.
func (m fleetMetrics) Collect(out chan<- prometheus.Metric) {
	members := m.health()
	last := m.last.of(members)
	for cluster, h := range members {
		connected, twin := 0., 0.
		if h.State == kubeconfigs.Connected {
			connected = 1
		}
		if h.Duplicates != "" {
			twin = 1
		}
		out <- prometheus.MustNewConstMetric(duplicateDesc, prometheus.GaugeValue, twin, cluster)
		out <- prometheus.MustNewConstMetric(connectedDesc, prometheus.GaugeValue, connected, cluster)
		out <- prometheus.MustNewConstMetric(leftOutDesc, prometheus.GaugeValue, float64(h.LeftOut), cluster)
		out <- prometheus.MustNewConstMetric(unreadableDesc, prometheus.GaugeValue, float64(h.Unreadable), cluster)
		if !h.CredentialExpiry.IsZero() {
			out <- prometheus.MustNewConstMetric(credentialDesc, prometheus.GaugeValue, float64(h.CredentialExpiry.Unix()), cluster)
		}
		if at, ok := last[cluster]; ok {
			out <- prometheus.MustNewConstMetric(lastEventDesc, prometheus.GaugeValue, float64(at.UnixMilli())/1000, cluster)
		}
	}
}
