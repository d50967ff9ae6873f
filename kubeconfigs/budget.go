package kubeconfigs

import (
	"cmp"
	"math"
	"runtime/debug"
	"sync"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// unitSize is how many bytes that are kept of an object count as one object: a member
	// can fill the hub's memory by large ones just as well as by many.
	unitSize = 4 << 10
	// unitCost is how much memory is reserved for a unit: an object of one unit takes up to
	// 6 KiB in the cache and in the ledger, and the rest is for garbage between collections.
	unitCost = 8 << 10
	// DefaultFleetLimit is how many units of all members together are kept where there is no
	// memory limit that tells: what fits into the 1 GiB of the manifests.
	DefaultFleetLimit = 125_000
	// spareShare is which part of the budget must be free again before members read lists
	// anew to use it.
	spareShare = 32
)

// memoryLimit returns the process's soft memory limit: GOMEMLIMIT, or math.MaxInt64 for none.
func memoryLimit() int64 { return debug.SetMemoryLimit(-1) }

// unitsIn returns how many units fit a memory limit.
func unitsIn(memory int64) int {
	if memory == math.MaxInt64 {
		return DefaultFleetLimit
	}
	return max(1, int(memory/unitCost))
}

// budget bounds what is kept of all members together. Over the limit, the member that holds
// most has objects left out first. It guards the admissions of all members; its lock is held
// for a few map and heap operations, and never over I/O or a handler.
type budget struct {
	// limit is in units.
	limit int
	clock clock.PassiveClock
	// retained returns how many bytes handlers keep of an object of a member beside it.
	retained func(member string, object client.Object) int

	mu    sync.Mutex
	units int
	// holders are the members that hold any units.
	holders map[string]*holder
}

// holder is a member in a budget. While it is engaged anew, both engagements count.
type holder struct {
	units      int
	admissions map[*admission]struct{}
}

func newBudget(limit int, clk clock.PassiveClock) *budget {
	return &budget{limit: limit, clock: clk, retained: func(string, client.Object) int { return 0 }, holders: map[string]*holder{}}
}

// change runs do under the lock. What it causes is delivered by the caller, without any lock.
func (b *budget) change(i *objectLimiter, do func(*effects)) effects {
	var out effects
	b.mu.Lock()
	defer b.mu.Unlock()
	do(&out)
	i.noteCrowded(&out)
	for _, e := range out.evicted {
		e.from.noteCrowded(&out)
	}
	return out
}

// account adds units to an admission, its member and the whole. The lock is held.
func (b *budget) account(a *admission, units int) {
	h := b.holders[a.member]
	if h == nil {
		h = &holder{admissions: map[*admission]struct{}{}}
		b.holders[a.member] = h
	}
	b.units += units
	h.units += units
	a.units += units
	if a.units > 0 {
		h.admissions[a] = struct{}{}
		return
	}
	delete(h.admissions, a)
	if len(h.admissions) == 0 {
		delete(b.holders, a.member)
	}
}

// squeeze leaves objects out until an admission that has grown, and all members together, are
// within their limits. newcomer is an object of a watch that has come, if any: it replaces
// none that is there unless its namespace holds less. The lock is held.
func (b *budget) squeeze(a *admission, newcomer newcomer, out *effects) {
	for a.units > a.limit {
		a.leaveOutNewest(newcomer, out, false)
	}
	for b.units > b.limit {
		b.largest(a).leaveOutNewest(newcomer, out, true)
	}
}

// largest returns the largest admission of the member that holds most. Of several members
// that hold as much, that of grown is taken: it has caused the need. The lock is held.
func (b *budget) largest(grown *admission) *admission {
	var name string
	var most *holder
	for member, h := range b.holders {
		if most == nil || cmp.Or(cmp.Compare(h.units, most.units), preferring(grown.member, member, name)) > 0 {
			name, most = member, h
		}
	}
	var found *admission
	for a := range most.admissions {
		if found == nil || cmp.Or(cmp.Compare(a.units, found.units), cmp.Compare(a.kind.String(), found.kind.String())) > 0 {
			found = a
		}
	}
	return found
}

// preferring orders two names: preferred is the larger, or else the first in the alphabet.
func preferring(preferred, a, b string) int {
	switch preferred {
	case a:
		return 1
	case b:
		return -1
	}
	return cmp.Compare(b, a)
}

// hasSpare reports whether so much is free that another list is worth its cost to a member
// whose objects are left out for the sake of others. The lock is held.
func (b *budget) hasSpare() bool { return b.limit-b.units >= max(1, b.limit/spareShare) }

// effects is what follows from a change.
type effects struct {
	// evicted are objects that were in a cache, and are to leave it.
	evicted []evicted
	// notify are called since objects are left out now, or are no more.
	notify []func()
}

// deliver takes evicted objects out of the caches and tells about members whose objects are
// left out. No lock may be held.
func (o effects) deliver() error {
	var first error
	for _, e := range o.evicted {
		if into := e.from.into; into != nil {
			if err := into.evict(e); err != nil && first == nil {
				first = err
			}
		}
	}
	for _, notify := range o.notify {
		notify()
	}
	return first
}
