package ratelimit

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Usage is what one installation has used of its budget.
type Usage struct {
	// ID is the identity, such as github.com/app/12345/installation/678, and Account its owner
	// where that is known.
	ID, Account string
	// ScmProviders are the names of those that use it, sorted.
	ScmProviders []string
	// Limits are those in force, in a fixed order.
	Limits []LimitUsage
	// InFlight is the number of items and single requests in work.
	InFlight int64
	// PausedUntil is the end of a pause, zero while it is not paused.
	PausedUntil time.Time
	// Down reports whether the SCM has failed so often in a row that it is only probed.
	Down bool
	// ReducedTo is the rate a minute after refusals, 0 while it is not reduced.
	ReducedTo int64
}

// LimitUsage is what is used of one limit.
type LimitUsage struct {
	// Name is the limit's, as in a ScmProvider's spec.rateLimit.
	Name string
	// Window is the length of time for which Limit holds.
	Window time.Duration
	// Limit is the most in any window, and Used what counts now, at most Limit.
	Limit, Used int64
}

// Usages returns how much the installations in use have used, sorted by ID.
func (i *Installations) Usages() []Usage {
	type used struct {
		in        *Installation
		providers []string
	}
	var all []used
	i.mu.Lock()
	for id, in := range i.byID {
		if i.inUse(id) {
			all = append(all, used{in, slices.Sorted(maps.Keys(i.limits[id]))})
		}
	}
	i.mu.Unlock()
	out := make([]Usage, 0, len(all))
	for _, u := range all {
		usage := u.in.usage()
		usage.ScmProviders = u.providers
		out = append(out, usage)
	}
	slices.SortFunc(out, func(a, b Usage) int { return cmp.Compare(a.ID, b.ID) })
	return out
}

func (in *Installation) usage() Usage {
	now := in.clock.Now()
	in.mu.Lock()
	out := Usage{ID: in.id, Account: in.account}
	in.mu.Unlock()
	in.bucket.addUsage(&out, now)
	return out
}

func (b *Bucket) addUsage(out *Usage, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now = b.advance(now)
	left := b.left(now)
	for _, l := range b.limits {
		if l.max > 0 {
			out.Limits = append(out.Limits, LimitUsage{
				Name: l.name, Window: l.window.length, Limit: l.max, Used: max(l.max-left[l.name], 0),
			})
		}
	}
	out.InFlight, out.Down = b.inFlight, b.breaker.open
	if b.pause.until.After(now) {
		out.PausedUntil = b.pause.until
	}
	if b.reduction.halvings > 0 {
		out.ReducedTo = b.reduction.perMinute()
	}
}
