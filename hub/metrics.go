package hub

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
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

// retireEvery is how often the metric series of what is gone are deleted, which are to be
// gone within a minute.
const retireEvery = 20 * time.Second

// seriesOfMembers are the metrics with the label cluster that outlive a member: all others
// are read off the state of now.
var seriesOfMembers = []ratelimit.SeriesVector{publish.PatchesTotal}

// retirement deletes the metric series of members whose Secret is gone, and what is left of
// installations that no ScmProvider uses any more.
type retirement struct {
	names         func() (names []string, complete bool)
	installations *ratelimit.Installations
	saved         *ledger.Ledger
	clock         clock.WithTicker
}

// NeedLeaderElection reports whether it runs on the leader only. It does: only the leader has
// series of writes to members and SCMs.
func (retirement) NeedLeaderElection() bool { return true }

// Start retires what is gone until ctx ends.
func (r retirement) Start(ctx context.Context) error {
	ticker := r.clock.NewTicker(retireEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C():
			r.retire()
		}
	}
}

func (r retirement) retire() {
	r.installations.Retire()
	r.saved.RetireSaved(r.installations.InUse)
	names, complete := r.names()
	if !complete {
		return
	}
	known := map[string]bool{}
	for _, name := range names {
		known[name] = true
	}
	for _, vector := range seriesOfMembers {
		ratelimit.RetireSeries(vector, "cluster", func(cluster string) bool { return known[cluster] })
	}
}
