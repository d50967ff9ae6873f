package ledger

import (
	"fmt"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// defaultInterval is the shortest time between two comparisons where the
	// ScmProvider says nothing.
	defaultInterval = 10 * time.Minute
	// longestInterval bounds that time, and oldestChecked is the age from which on a
	// status is compared only on request.
	longestInterval = 24 * time.Hour
	oldestChecked   = 14 * 24 * time.Hour
	// askedEvery is how often a key does what its claimants ask for.
	askedEvery = time.Minute
	// checkJitter is by how much of it a comparison may come later, so that those
	// of statuses that were written together spread.
	checkJitter = 0.1
	// maxRestores is how often a key is written again in restoreWindow.
	maxRestores   = 3
	restoreWindow = time.Hour
	// clipped is how much of a text a message about drift shows, and lead how much
	// of that comes before the first difference.
	clipped = 40
	lead    = 10
)

// drifting is what a ScmProvider says about changes by others. An interval of zero
// is never.
type drifting struct {
	interval time.Duration
	restore  bool
}

func driftingOf(spec v1alpha1.Drift) drifting {
	d := drifting{interval: defaultInterval, restore: spec.Policy == v1alpha1.DriftRestore}
	if interval, err := time.ParseDuration(string(spec.Interval)); err == nil && interval >= 0 {
		d.interval = interval
	}
	return d
}

// check is what is known of the comparisons of a key with its SCM, if there is anything
// to tell.
type check struct {
	// asker is who wants one now, the zero ObjectID for nobody, and failed how many in a
	// row failed.
	asker  ObjectID
	failed int
	// listedAt is when the last one was made that somebody had asked for, and resetAt when
	// somebody last had another try of what failed: zero for never, or long ago.
	listedAt, resetAt time.Time
	// drifted is what the key should show in place of somebody else's change, nil for
	// no such change.
	drifted *providers.Status
	// restoring reports whether it is to be written again, and restored when it was.
	restoring bool
	restored  [maxRestores]time.Time
}

// asked reports whether somebody wants a comparison now.
func (c *check) asked() bool { return c.asker != ObjectID{} }

// forget drops what bounds requests no longer.
func (c *check) forget(now time.Time) {
	for _, at := range []*time.Time{&c.listedAt, &c.resetAt} {
		if now.Sub(*at) >= askedEvery {
			*at = time.Time{}
		}
	}
}

// checkAfter is how long after a comparison the next one is due: the older a status
// is, the later. It needs no state that a restart could lose. random is from 0 to 1.
func checkAfter(age, interval time.Duration, random float64) time.Duration {
	return time.Duration(float64(min(max(age, interval), max(longestInterval, interval))) * (1 + checkJitter*random))
}

// restore reports whether one more restore is allowed at now, and counts it.
func (c *check) restore(now time.Time) bool {
	for i, at := range c.restored {
		if at.IsZero() || now.Sub(at) >= restoreWindow {
			c.restored[i] = now
			return true
		}
	}
	return false
}

// driftFrom reports whether somebody else changed what is to show want.
func (e *entry) driftFrom(want providers.Status) bool {
	return e.more != nil && e.more.check.drifted != nil && *e.more.check.drifted == want
}

// driftMessage names each field in which what an SCM shows differs from what it
// should show; both are as it renders them. shown is nil for nothing.
func driftMessage(title string, shown *providers.Shown, want providers.Status) string {
	if shown == nil {
		return fmt.Sprintf("drift: the status is missing in %s, %s here", title, want.Phase)
	}
	var fields []string
	differ := func(field, theirs, ours string) {
		if theirs != ours {
			fields = append(fields, fmt.Sprintf("%s is %s in %s, %s here", field, theirs, title, ours))
		}
	}
	differ("phase", string(shown.Phase), string(want.Phase))
	theirs, ours := clip(shown.Description, want.Description)
	differ("description", theirs, ours)
	theirs, ours = clip(shown.URL, want.URL)
	differ("url", theirs, ours)
	return providers.Sentence("drift: " + strings.Join(fields, "; "))
}

// clip quotes as much of two texts as shows where they differ.
func clip(a, b string) (string, string) {
	x, y := []rune(a), []rune(b)
	same := 0
	for same < len(x) && same < len(y) && x[same] == y[same] {
		same++
	}
	from := 0
	if max(len(x), len(y)) > clipped {
		from = max(same-lead, 0)
	}
	return clipFrom(x, from), clipFrom(y, from)
}

func clipFrom(text []rune, from int) string {
	before, after := "", ""
	if from > 0 {
		before = "…"
	}
	text = text[min(from, len(text)):]
	if len(text) > clipped {
		text, after = text[:clipped], "…"
	}
	return fmt.Sprintf("%q", before+string(text)+after)
}
