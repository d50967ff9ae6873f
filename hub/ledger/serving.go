package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// The bounds of how often a deletion that is not confirmed is looked at again. Each look
// asks the member at most once a second, whatever waits for its answer.
const (
	soonestConfirm = time.Second
	latestConfirm  = time.Minute
)

// confirm reports whether an object was deleted, rather than its kind with all objects, as
// by `kubectl delete crd` or by who uninstalls the CRDs: of those it is not known what
// becomes, so nothing is canceled. A deletion counts once its member was seen to serve the
// kinds after it. Until then wait is when to look again; vanished reports that the kind was
// deleted. That is asked at once, too, since the kinds may come back before it is due.
func (l *Ledger) confirm(d *abandonment) (wait time.Duration, vanished bool) {
	if d.why != Deleted || l.serving == nil {
		return 0, false
	}
	late := l.clock.Since(d.dueAt)
	switch l.serving(d.claim.Object.Cluster, late+releaseDelay, late) {
	case kubeconfigs.Serves:
		return 0, false
	case kubeconfigs.Vanished:
		return 0, true
	}
	return min(max(late, soonestConfirm), latestConfirm), false
}
