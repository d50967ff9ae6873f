package gitlab

import (
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// refusedFor is how long a refused token is not tried again: each of thousands of
// statuses would ask once. A changed Secret is a new account, which knows nothing of it.
const refusedFor = time.Minute

// refusal remembers for a while that GitLab has refused the token.
type refusal struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	err   *providers.Error
	until time.Time
}

// get returns what was refused and is still remembered, as an error or nil.
func (r *refusal) get() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil || !r.clock.Now().Before(r.until) {
		return nil
	}
	return r.err
}

func (r *refusal) put(err *providers.Error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err, r.until = err, r.clock.Now().Add(refusedFor)
}
