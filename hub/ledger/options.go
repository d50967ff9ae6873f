package ledger

import (
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// Options are the settings of a Ledger.
type Options struct {
	Clock clock.PassiveClock
	// Namespace is where ScmProviders are on the hub. It is only used in messages.
	Namespace string
	// UnsyncedGrace is how long after its start the hub waits for a member that
	// has not been synced, before others may take over what the member owned.
	UnsyncedGrace time.Duration
	// Fleet returns the names of the members that have a Secret; complete is false
	// while others may turn up.
	Fleet func() (names []string, complete bool)
	// Blocked reports whether an installation takes nothing now, because of a pause
	// or an outage. Unset, none ever is.
	Blocked func(lane string) bool
	// Serving reports whether a member was seen to serve the kinds within so much time, or
	// not to serve them around a deletion so long ago. It must not block, and has the member
	// asked where that is not known. Unset, every member serves them.
	Serving func(cluster string, deleted, within time.Duration) kubeconfigs.Serving
	// Behind reports whether a member may have kept changes of a namespace back for longer than
	// within. It must not block. Unset, none ever does.
	Behind func(cluster, namespace string, within time.Duration) bool
	// Seals makes the seals of statuses. Unset, they have none.
	Seals *Seals
	// AbandonedLimit is how many places that the objects of one member left may wait to be ended
	// at a time. What is left beyond it stays as the SCM shows it. Unset, any number may.
	AbandonedLimit int
	// Random spreads drift checks: a number from 0 to 1. Unset, it is drawn.
	Random func() float64
}
