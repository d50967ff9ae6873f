package hub

import (
	"context"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

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
