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
	// remembered is how long an installation that is not used stays in records:
	// as long as the longest window.
	remembered = time.Hour
	// MaxRecords is how many installations a ScmProvider's status takes.
	MaxRecords = 200
)

// SetAccount says which owner an installation belongs to, for people.
func (i *Installations) SetAccount(id, account string) {
	in := i.Get(id)
	in.mu.Lock()
	defer in.mu.Unlock()
	in.account = account
}

// Records returns what a successor and people have to know of the installations
// that a ScmProvider uses and that were active in the last hour: those first that are
// paused, the longest first, then those that have used the largest share of a limit. So
// the first MaxRecords of them bound all others, see Restore. Queued is not in them:
// that is the queue's to say.
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

// record is what is known of an installation now, with the largest share of a limit that
// it has used; active tells whether it was used lately.
func (in *Installation) record() (_ v1alpha1.Installation, share float64, active bool) {
	now := in.clock.Now()
	in.mu.Lock()
	r := v1alpha1.Installation{ID: in.id, Account: in.account, ObservedAt: &metav1.Time{Time: now.UTC().Truncate(time.Second)}}
	in.mu.Unlock()
	share, active = in.bucket.record(now, &r)
	return r, share, active
}

// record fills in a record. It returns the largest share of a limit that was used, and
// whether the bucket was used lately, or is to be used.
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

// used is how much of each limit is spent, and of what the SCM says is its limit.
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

// recordOwn is for people where the SCM does not say what remains: what is left of our
// own limits of requests, as of the window that the figures would be taken to be of.
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

// on is a time in terms of now, whose clock may have been set in the meantime.
func on(now, t time.Time) time.Time { return now.Add(t.Sub(now)) }

// second is a time in the API's precision, not before t.
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
