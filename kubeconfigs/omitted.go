package kubeconfigs

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
)

// omittedPerNamespace and omittedInAll bound how many objects that cannot be read are known
// by their names. Of those that were let in before, all are.
const (
	omittedPerNamespace = 50
	omittedInAll        = 1000
)

// omitted are the objects of a watch that are left out because they cannot be read: what
// does not decode, and what no API server would hold.
type omitted struct {
	clock clock.PassiveClock
	// notify is called when it changes.
	notify func()

	mu sync.Mutex
	omission
	// outgrown reports whether since the newest list, at listedAt, one of those went of which the
	// names are not known.
	outgrown bool
	listedAt time.Time
}

// omission is what is omitted. The zero omission is none.
type omission struct {
	names map[types.NamespacedName]struct{}
	// per counts the names of each namespace.
	per map[string]int
	// more counts those whose names are not known, or not valid.
	more int
	// nameless reports whether there are some that may be any object, and crowded that some may be
	// readable later.
	nameless, crowded bool
}

// add takes an object in. known says that it was let in before.
func (o *omission) add(name types.NamespacedName, known bool) {
	if _, ok := o.names[name]; ok {
		return
	}
	if name == (types.NamespacedName{}) || !known && (o.per[name.Namespace] >= omittedPerNamespace || len(o.names) >= omittedInAll) {
		o.more++
		o.nameless = o.nameless || name == (types.NamespacedName{})
		return
	}
	if o.names == nil {
		o.names, o.per = map[types.NamespacedName]struct{}{}, map[string]int{}
	}
	o.names[name] = struct{}{}
	o.per[name.Namespace]++
}

// drop takes an object out, and reports whether it was in by its name.
func (o *omission) drop(name types.NamespacedName) bool {
	if _, ok := o.names[name]; !ok {
		return false
	}
	delete(o.names, name)
	if o.per[name.Namespace]--; o.per[name.Namespace] == 0 {
		delete(o.per, name.Namespace)
	}
	return true
}

// count is how many there are.
func (o *omission) count() int { return len(o.names) + o.more }

// replace takes in what a list had.
func (o *omitted) replace(by omission) {
	o.change(func() bool {
		changed := !maps.Equal(o.names, by.names) || o.more != by.more
		o.omission, o.outgrown, o.listedAt = by, false, o.clock.Now()
		return changed
	})
}

// set takes in an object of an event that cannot be read. added says that it is new.
func (o *omitted) set(name types.NamespacedName, known, added bool, why error) {
	o.change(func() bool {
		o.crowded = o.crowded || errors.Is(why, errCrowded)
		before := o.count()
		o.add(name, known)
		if !known && !added && o.count() != before && o.more > 0 {
			o.outgrown = true // it may have been counted before
		}
		return o.count() != before
	})
}

// unset takes in an object that is gone or can be read. It reports whether it was in.
func (o *omitted) unset(name types.NamespacedName) (was bool) {
	o.change(func() bool {
		was = o.drop(name)
		o.outgrown = o.outgrown || o.more > 0
		return was
	})
	return was
}

func (o *omitted) change(do func() bool) {
	o.mu.Lock()
	changed := do()
	o.mu.Unlock()
	if changed {
		o.notify()
	}
}

// relist reports whether only another list can show how many there are.
func (o *omitted) relist() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return (o.outgrown || o.crowded) && o.clock.Since(o.listedAt) >= relistPause
}

// has reports whether an object is in by its name.
func (o *omitted) has(name types.NamespacedName) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	_, ok := o.names[name]
	return ok
}

// total is how many there are.
func (o *omitted) total() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.count()
}

// some returns the names of at most n, of many namespaces rather than many of one.
func (o *omitted) some(n int) []types.NamespacedName {
	o.mu.Lock()
	sorted := slices.SortedFunc(maps.Keys(o.names), func(a, b types.NamespacedName) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	o.mu.Unlock()
	return spread(sorted, n)
}

// spread picks the first of each namespace, then the second, and so on.
func spread(sorted []types.NamespacedName, n int) []types.NamespacedName {
	rank := map[types.NamespacedName]int{}
	for i, name := range sorted {
		if i > 0 && sorted[i-1].Namespace == name.Namespace {
			rank[name] = rank[sorted[i-1]] + 1
		}
	}
	picked := slices.Clone(sorted)
	slices.SortStableFunc(picked, func(a, b types.NamespacedName) int { return cmp.Compare(rank[a], rank[b]) })
	return picked[:min(n, len(picked))]
}
