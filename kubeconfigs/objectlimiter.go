package kubeconfigs

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// relistPause is the least time between two lists that a limit makes necessary.
const relistPause = time.Minute

// objectLimiter is what one reflector brings to an admission: the objects of one namespace, or of all.
// The budget's lock guards it.
type objectLimiter struct {
	*admission
	// namespace is "" for all. Objects of others are not taken.
	namespace string
	// into is the cache that the objects are in. It is nil until it is there.
	into *informer

	// left counts the objects that are left out, and forAll says that some are for the sake
	// of other members.
	left   int
	forAll bool
	// crowded reports whether objects are left out, or were a moment ago, at crowdedAt: an object
	// that is created and deleted all the time is not reported each time.
	crowded   bool
	crowdedAt time.Time
	// frees is the admission's when the newest list began, and listedAt when it ended.
	frees    int
	listedAt time.Time
	// listing is the list under way, if any.
	listing *listing
}

// admit decides whether an object that was added or changed is kept.
func (i *objectLimiter) admit(object client.Object, added bool, size int) (ok bool, out effects) {
	key := client.ObjectKeyFromObject(object)
	out = i.change(i, func(out *effects) {
		if !i.takes(key) {
			return
		}
		if e := i.entries[key]; e != nil {
			before := e.units
			i.replace(key, e, object, size)
			if e.units < before {
				i.admission.frees++
			}
			i.squeeze(i.admission, newcomer{}, out)
		} else if e := newEntry(object, size); i.cutsOff(key, e, i.left) {
			if added {
				i.left++
			}
		} else {
			// A change of an object that is not kept is one of those that are left out.
			if !added {
				i.left = max(0, i.left-1)
			}
			i.squeeze(i.admission, newcomer{e, i.add(key, e, i)}, out)
		}
		ok = i.entries[key] != nil
		out.forget(key, i)
	})
	return ok, out
}

// retains returns how many bytes handlers keep of an object beside it. No lock may be held but
// that of the informer.
func (i *objectLimiter) retains(object client.Object) int { return i.retained(i.member, object) }

// recount updates how much is kept of an object after its handlers were notified: it was
// admitted with what they kept before.
func (i *objectLimiter) recount(object client.Object, size, before int) (out effects) {
	now := i.retains(object)
	if now == before {
		return out
	}
	key := client.ObjectKeyFromObject(object)
	return i.change(i, func(out *effects) {
		e := i.entries[key]
		if e == nil {
			return
		}
		units := e.units
		i.replace(key, e, object, size+now)
		if e.units < units {
			i.admission.frees++
		}
		i.squeeze(i.admission, newcomer{}, out)
	})
}

// presence is how the hub knew an object.
type presence int

const (
	wasUnknown presence = iota
	wasLeftOut
	wasKept
)

// remove takes in that an object was deleted, and returns how it was known.
func (i *objectLimiter) remove(key types.NamespacedName) (was presence, out effects) {
	out = i.change(i, func(*effects) {
		if !i.takes(key) {
			return
		}
		if e := i.entries[key]; e != nil {
			was = wasKept
			i.admission.remove(key, e)
			i.admission.frees++
		} else if i.left > 0 {
			was = wasLeftOut
			i.left--
		}
	})
	return was, out
}

// lose takes in that an object which is kept is not in a list. It reports whether it is kept
// still: it may have been evicted.
func (i *objectLimiter) lose(key types.NamespacedName) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	e := i.entries[key]
	if e == nil {
		return false
	}
	i.admission.remove(key, e)
	i.admission.frees++
	return true
}

// takes reports whether an object can be taken at all. The lock is held.
func (i *objectLimiter) takes(key types.NamespacedName) bool {
	return !i.ended && (i.namespace == "" || i.namespace == key.Namespace)
}

// cutsOff reports whether an object that is not kept is to be left out without a look at
// others: an older one of its namespace is among those left out, or it is larger than the
// limit. The lock is held.
func (i *objectLimiter) cutsOff(key types.NamespacedName, e *entry, left int) bool {
	if int(e.units) > min(i.limit, i.budget.limit) {
		return true
	}
	n := i.namespaces[key.Namespace]
	return left > 0 && n != nil && n.cutoff != nil && compareAge(e, n.cutoff) >= 0
}

// leaveOut takes in that an object is kept no longer. The lock is held.
func (i *objectLimiter) leaveOut(key types.NamespacedName, e *entry, forAll bool, out *effects) {
	i.forAll = i.forAll || forAll
	pending := false
	if i.listing != nil && e.list == i.listing.number {
		i.listing.left++
		_, pending = i.listing.pending[e]
		delete(i.listing.pending, e)
	}
	if !pending {
		i.left++
	}
	// Also for one that waits for the end of its list: the cache may have it as it was when
	// it was evicted before, and kept it because it had been let in again.
	out.evicted = append(out.evicted, evicted{key, i})
}

// evicted is an object that was kept, and is left out now.
type evicted struct {
	types.NamespacedName
	from *objectLimiter
}

// forget takes an object out of what is to be evicted: it never was in the cache, or the
// caller takes it out.
func (o *effects) forget(key types.NamespacedName, from *objectLimiter) {
	for at, e := range o.evicted {
		if e.from == from && e.NamespacedName == key {
			o.evicted = append(o.evicted[:at], o.evicted[at+1:]...)
			return
		}
	}
}

// settle takes in that time has passed.
func (i *objectLimiter) settle() effects { return i.change(i, func(*effects) {}) }

// noteCrowded takes in whether objects are left out now. The lock is held.
func (i *objectLimiter) noteCrowded(out *effects) {
	before := i.crowded
	switch {
	case i.left > 0:
		i.crowded, i.crowdedAt = true, i.clock.Now()
	case i.crowded && i.clock.Since(i.crowdedAt) >= relistPause:
		i.crowded = false
	}
	if before != i.crowded {
		out.notify = append(out.notify, i.notify)
	}
}

// relist reports whether only another list can show what is to be kept now.
func (i *objectLimiter) relist() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	room := i.frees != i.admission.frees || i.forAll && i.hasSpare() && i.units < i.limit
	return room && i.left > 0 && i.clock.Since(i.listedAt) >= relistPause
}

// leftOut returns how many objects are left out.
func (i *objectLimiter) leftOut() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.left
}

// isCrowded reports whether it is to be reported that objects are left out.
func (i *objectLimiter) isCrowded() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.crowded
}
