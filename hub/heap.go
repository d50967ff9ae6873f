package hub

import (
	"context"
	"runtime/debug"
	"time"
)

// releaseInterval is how often idle heap is returned to the operating system. A collection
// takes a fraction of a second of processor time with 100 000 CommitStatuses.
const releaseInterval = time.Minute

// heapReleaser returns idle heap to the operating system once a minute. The Go runtime alone
// keeps as much free as is in use, so a node would lack for hours what one storm has needed.
type heapReleaser struct {
	every time.Duration
}

// NeedLeaderElection reports whether it runs on the leader only. It does not: a standby holds
// as much.
func (heapReleaser) NeedLeaderElection() bool { return false }

// Start releases heap until ctx ends.
func (r heapReleaser) Start(ctx context.Context) error {
	ticker := time.NewTicker(r.every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			debug.FreeOSMemory()
		}
	}
}
