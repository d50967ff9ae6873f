package github

import (
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// missingFor is how long a repository that is not there is not asked for again.
	missingFor = 10 * time.Minute
	// refusedFor is how long a refused credential is not tried again: with a wrong
	// key, each of thousands of statuses would ask once. A changed Secret is a new
	// account, which knows nothing of it.
	refusedFor = time.Minute

	// refusedApp is under which a refusal of the App itself is kept; no repository
	// has an empty name.
	refusedApp = ""

	// sweepFrom is from how many on those that are over are dropped.
	sweepFrom = 1000
)

// refusals remembers for a while what GitHub has refused.
type refusals struct {
	clock clock.PassiveClock

	mu   sync.Mutex
	byID map[string]refusal
}

type refusal struct {
	err   *providers.Error
	until time.Time
}

func newRefusals(clk clock.PassiveClock) *refusals {
	return &refusals{clock: clk, byID: map[string]refusal{}}
}

// get returns what was refused and is still remembered, as an error or nil.
func (r *refusals) get(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	known, ok := r.byID[id]
	if !ok || !r.clock.Now().Before(known.until) {
		return nil
	}
	return known.err
}

func (r *refusals) put(id string, err *providers.Error, d time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	if len(r.byID) >= sweepFrom {
		for each, known := range r.byID {
			if !now.Before(known.until) {
				delete(r.byID, each)
			}
		}
	}
	r.byID[id] = refusal{err: err, until: now.Add(d)}
}
