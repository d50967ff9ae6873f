package ratelimit

import (
	"cmp"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// remembered is the time for which an unused installation stays in records: the length of
	// the longest window.
	remembered = time.Hour
	// MaxRecords is the number of installations in a ScmProvider's status.
	MaxRecords = 200
)

// SetAccount sets the owner of an installation, which records show to people.
func (i *Installations) SetAccount(id, account string) {
	in := i.Get(id)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.account = account
}

// Records returns the records of the installations that a ScmProvider uses and that were active
// in the last hour. Paused ones come first, the longest pause first; then those with the
// largest used share of a limit. So the first MaxRecords of them bound all others, see Restore.
// Queued is not set: it belongs to the queue.
func (i *Installations) Records(scmProvider string) []v1alpha1.Installation {
	var all []*Installation
	i.mu.Lock()
	for id, byProvider := range i.limits {
		if _, ok := byProvider[scmProvider]; ok {
			all = append(all, i.byID[id])
		}
	}
	i.mu.Unlock()
	var out []v1alpha1.Installation
	shares := map[string]float64{}
	for _, in := range all {
		if r, share, active := in.record(); active {
			out, shares[r.ID] = append(out, r), share
		}
	}
	slices.SortFunc(out, func(a, b v1alpha1.Installation) int {
		return cmp.Or(
			-cmp.Compare(unix(a.PausedUntil), unix(b.PausedUntil)),
			-cmp.Compare(shares[a.ID], shares[b.ID]),
			cmp.Compare(a.ID, b.ID))
	})
	return out
}

func unix(t *metav1.Time) int64 {
	if t == nil {
		return 0
	}
	return t.Unix()
}

func orMost(n *int64) int64 {
	if n == nil {
		return math.MaxInt64
	}
	return *n
}

// record returns an installation's record and the largest share of a limit that it has used;
// active reports whether it was used lately.
func (in *Installation) record() (_ v1alpha1.Installation, share float64, active bool) {
	now := in.clock.Now()
	in.mu.Lock()
	r := v1alpha1.Installation{ID: in.id, Account: in.account, ObservedAt: &metav1.Time{Time: now.UTC().Truncate(time.Second)}}
	in.mu.Unlock()
	share, active = in.bucket.record(now, &r)
	return r, share, active
}

// record fills in a record. It returns the largest used share of a limit, and whether the
// bucket was used lately or has a request waiting.
func (b *Bucket) record(now time.Time, r *v1alpha1.Installation) (share float64, active bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	if r.InFlight = b.inFlight; b.pause.until.After(now) {
		r.PausedUntil = second(on(now, b.pause.until))
	}
	r.Used = b.used()
	if reported := b.serverBudget.record(now, b.unanswered, r); !reported {
		b.recordOwn(r)
	}
	last := later(b.lastUse, b.wanted)
	b.listed = !last.IsZero() && now.Sub(last) < remembered || r.PausedUntil != nil || r.InFlight > 0
	return b.share(r), b.listed
}

// used returns how much of each limit is spent, including the limit that the SCM reports.
func (b *Bucket) used() *v1alpha1.RateLimit {
	used := &v1alpha1.RateLimit{}
	for _, l := range b.limits {
		if l.max > 0 || l.countsRequests() && b.serverBudget.limit > 0 && b.serverBudget.window == l.window.length {
			n := l.of(l.window.used)
			*fieldOf(used, l.name) = &n
		}
	}
	return used
}

// recordOwn fills in, for people, what is left of our own limits of requests where the SCM
// reports nothing. It uses the limits of the window to which a reader would attribute the
// figures.
func (b *Bucket) recordOwn(r *v1alpha1.Installation) {
	window := windowOf(r, b.effective())
	for _, l := range b.limits {
		if l.max == 0 || !l.countsRequests() {
			continue
		}
		if r.Limit == nil && (window == 0 || window == l.window.length) {
			limit := l.max
			r.Limit = &limit
		}
		least := min(l.remaining(), orMost(r.Remaining))
		r.Remaining = &least
	}
}

// on converts a time to the clock of now, which may have been set in the meantime.
func on(now, t time.Time) time.Time { return now.Add(t.Sub(now)) }

// second rounds a time up to the API's precision.
func second(t time.Time) *metav1.Time {
	whole := t.UTC().Truncate(time.Second)
	if whole.Before(t) {
		whole = whole.Add(time.Second)
	}
	return &metav1.Time{Time: whole}
}

func fieldOf(r *v1alpha1.RateLimit, limit string) **int64 {
	switch limit {
	case requestsPerHour:
		return &r.RequestsPerHour
	case requestsPerMinute:
		return &r.RequestsPerMinute
	case pointsPerMinute:
		return &r.PointsPerMinute
	case writesPerMinute:
		return &r.WritesPerMinute
	default:
		return &r.WritesPerHour
	}
}
