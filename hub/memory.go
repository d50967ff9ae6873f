package hub

import (
	"context"
	"runtime/debug"
	"time"
)

// giveBackEvery is how often memory that is not used is given back to the system. A
// collection takes a fraction of a second of processor time with 100 000 CommitStatuses.
const giveBackEvery = time.Minute

// thrift gives memory back. Left alone, the Go runtime keeps as much for what comes as is
// used: what a storm has needed once, a node would lack for hours.
type thrift struct {
	every time.Duration
}

// NeedLeaderElection is false: a standby holds as much.
func (thrift) NeedLeaderElection() bool { return false }

// Start gives memory back until ctx ends.
func (t thrift) Start(ctx context.Context) error {
	ticker := time.NewTicker(t.every)
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
