package ledger

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// pending is what the statuses of a key's claimants report while an attempt waits for its
// installation. It ends when the attempt has an outcome or another one takes its place.
type pending struct {
	attempt attempt
	// reason is Pending, or Unavailable while the SCM does not answer.
	reason  string
	message string
}

// Waiting records that keys wait for their turn, or for an SCM that does not
// answer. A key that needs nothing any more, or whose attempt has failed, which
// says more, is passed over.
func (l *Ledger) Waiting(notices []ratelimit.Notice[Key]) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	for _, n := range notices {
		if e := l.entryOf(n.Item); e != nil && l.setPending(e, n) {
			out.add(l.claimants(e))
		}
	}
	return out
}

// setPending reports whether a notice says anything new about an entry.
func (l *Ledger) setPending(e *entry, n ratelimit.Notice[Key]) bool {
	v, ok := l.advance(e)
	if !ok || !l.dirty(e, v) {
		return false
	}
	p := pending{attempt: l.attemptOf(v), reason: v1alpha1.ReasonPending, message: waitingFor(n.Lane, n.Wait)}
	if n.Down {
		p.reason, p.message = v1alpha1.ReasonUnavailable, downAt(n.Lane)
	}
	if told := e.readDetails().pending; e.failureOf(p.attempt) != nil || (told != nil && *told == p) {
		return false
	}
	e.mutableDetails().pending = &p
	return true
}

func waitingFor(lane string, wait time.Duration) string {
	host, with := placeOf(lane)
	return providers.Sentence(fmt.Sprintf("waiting for %s %s, %s", host, with, about(wait)))
}

func downAt(lane string) string {
	host, with := placeOf(lane)
	return providers.Sentence(fmt.Sprintf("%s does not answer; waiting for it with %s", host, with))
}

// placeOf puts the id of a lane in words: the SCM's host, and what is waited for
// there, an installation where there is one.
func placeOf(lane string) (host, with string) {
	parts := strings.Split(lane, "/")
	n := len(parts)
	switch {
	case n > 4 && parts[n-4] == "app" && parts[n-2] == "installation":
		return strings.Join(parts[:n-4], "/"), "installation " + parts[n-1]
	case n > 2 && parts[n-2] == "app":
		return strings.Join(parts[:n-2], "/"), "app " + parts[n-1]
	case n > 2 && slices.Contains([]string{"secret", "token", "user"}, parts[n-2]):
		return strings.Join(parts[:n-2], "/"), strings.Join(parts[n-2:], "/")
	}
	host, with, _ = strings.Cut(lane, "/")
	return host, with
}

// about rounds a wait as coarsely as it can be predicted: to minutes under ten, to five minutes
// under an hour, then to hours.
func about(wait time.Duration) string {
	step := time.Minute
	if wait >= 10*time.Minute {
		step = 5 * time.Minute
	}
	if minutes := wait.Round(step); minutes < time.Hour {
		return fmt.Sprintf("about %d min", max(minutes/time.Minute, 1))
	}
	return fmt.Sprintf("about %d h", wait.Round(time.Hour)/time.Hour)
}
