package hub

import (
	"context"

	"k8s.io/client-go/util/workqueue"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// termStart is a source of the sync controller that adds nothing to its queue: it restores what the
// last leader recorded. The workers start when that has succeeded. If it fails the hub ends.
type termStart struct{ *hub }

// Start implements source.TypedSource.
func (t termStart) Start(ctx context.Context, _ workqueue.TypedRateLimitingInterface[ledger.Key]) error {
	if err := t.budgets.Restore(ctx); err != nil {
		return err
	}
	t.seal.begin(ctx)
	t.publisher.Start(ctx)
	t.apply(t.begin())
	return nil
}

// String names the source in the log.
func (termStart) String() string { return "start of this leader's term" }
