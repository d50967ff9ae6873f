package hub

import (
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// sharingEvery is how often at most it is reported of one member that it shows objects of
// others, or does not any more: a member may change that as often as it likes, and a report
// is an event and a patch of its Secret.
const sharingEvery = time.Minute

// sharingReports reports which members show objects that others show too, on every replica.
type sharingReports struct {
	ledger *ledger.Ledger
	clock  clock.WithDelayedExecution
	report func(cluster string, older, younger []string)
	// ended reports whether the hub ends, after which nothing is reported.
	ended func() bool

	mu sync.Mutex
	// last is when each member was reported last, within sharingEvery, and pending are
	// those that changed since.
	last    map[string]time.Time
	pending map[string]struct{}
	// timer rings when the next of pending is due; nil where there is none.
	timer clock.Timer
}

// note takes in of which members it has changed. The first change is reported at once.
func (r *sharingReports) note(clusters []string) {
	if len(clusters) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending, r.last = map[string]struct{}{}, map[string]time.Time{}
	}
	for _, cluster := range clusters {
		r.pending[cluster] = struct{}{}
	}
	r.reportDue()
}

// reportDue reports what is due, and sets the timer for the rest. The lock is held, so that
// the newest is reported last.
func (r *sharingReports) reportDue() {
	if r.ended() {
		return
	}
	now := r.clock.Now()
	for cluster, at := range r.last {
		if now.Sub(at) >= sharingEvery {
			delete(r.last, cluster)
		}
	}
	next := time.Duration(0)
	for cluster := range r.pending {
		if at, ok := r.last[cluster]; ok {
			if wait := sharingEvery - now.Sub(at); next == 0 || wait < next {
				next = wait
			}
			continue
		}
		delete(r.pending, cluster)
		r.last[cluster] = now
		older, younger := r.ledger.SharedWith(cluster)
		r.report(cluster, older, younger)
	}
	if next > 0 && r.timer == nil {
		// A goroutine of its own, since a clock may call this under its lock.
		r.timer = r.clock.AfterFunc(next, func() { go r.ring() })
	}
}

func (r *sharingReports) ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	r.reportDue()
}
