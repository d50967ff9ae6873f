package ledger

import (
	"fmt"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// awaitTold is the time after the start of the hub in which no status reports that it waits for
// a member: most members are synced by then.
const awaitTold = 30 * time.Second

// Awaiting publishes to the claimants of a key that it waits for a member to be synced: before
// its look-up, or since that found a status that no present claim mentions.
func (l *Ledger) Awaiting(key Key, job Job) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, member := l.entryOf(key), job.Verdict.WaitFor
	if e != nil && member == "" && e.readDetails().guarded {
		member = job.Guarded
	}
	if e == nil || member == "" {
		return Changes{}
	}
	return l.await(e, job, member)
}

func (l *Ledger) await(e *entry, job Job, member string) Changes {
	p := pending{attempt: job.attempt, reason: v1alpha1.ReasonPending, message: awaitedIn(member)}
	if l.clock.Since(l.started) < awaitTold || e.failureOf(p.attempt) != nil {
		return Changes{}
	}
	if told := e.readDetails().pending; told != nil && *told == p {
		return Changes{}
	}
	e.mutableDetails().pending = &p
	return l.claimants(e)
}

func awaitedIn(member string) string {
	if member == unknownMember {
		return "waiting for members that have not synced since the hub started: they may claim it too"
	}
	return providers.Sentence(fmt.Sprintf("waiting for cluster %s, which has not synced since the hub started: it may claim it too", member))
}
