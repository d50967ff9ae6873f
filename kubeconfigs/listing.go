package kubeconfigs

import (
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// listing is a list under way. An object that is in the cache is replaced there at once, so
// that a list needs no room beside what it replaces. A new one waits for the end of the list,
// since it may be left out for one that comes later; it counts from the first. Of an object
// that is listed twice the first counts.
type listing struct {
	*objectLimiter
	number uint32
	kind   listKind
	// pending are the new objects, and left is how many objects of the list are left out.
	pending map[*entry]sized
	left    int
	// before is how many objects the cache had when the list began, and survivors counts those
	// of them that the list has.
	before, survivors int
	// truncated reports whether the list was not read to its end: what it does not have may be
	// there all the same, and is left out.
	truncated bool
	// nameless reports whether it has objects of which the names cannot be read: what it does not
	// have may be one of them.
	nameless bool
}

// sized is an object with the size of what is kept of it.
type sized struct {
	client.Object
	// size is without what handlers keep beside the object.
	size int
}

// listKind says what is special about a list. Watches have the zero value.
type listKind struct {
	// late reports whether it is the first of a namespace, and comes after the member was synced.
	late bool
	// restored reports whether the member's versions went back, so that even an object that looks
	// the same is reported as changed: what the hub patched in between is gone.
	restored bool
}

// verdict is what becomes of an object of a list.
type verdict int

const (
	// passedOver : it is left out, waits for the end of the list, or was listed before.
	passedOver verdict = iota
	// refreshed : it is in the cache and stays there.
	refreshed
	// outgrew : it is in the cache, and is left out now.
	outgrew
)

// list begins a list.
func (i *objectLimiter) list(kind listKind) *listing {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lists++
	i.frees, i.forAll = i.admission.frees, false
	i.listing = &listing{objectLimiter: i, number: i.lists, kind: kind, before: i.count(), pending: map[*entry]sized{}}
	return i.listing
}

// offer decides about an object of the list, beside which handlers keep so much.
func (l *listing) offer(object client.Object, size, retained int) (v verdict, out effects) {
	key := client.ObjectKeyFromObject(object)
	out = l.change(l.objectLimiter, func(out *effects) {
		if !l.takes(key) {
			return
		}
		if n := l.namespaces[key.Namespace]; n != nil && n.list != l.number {
			n.list, n.cutoff = l.number, nil
		}
		if e := l.entries[key]; e != nil {
			if e.list == l.number {
				return
			}
			e.list = l.number
			l.replace(key, e, object, size+retained)
			l.squeeze(l.admission, newcomer{}, out)
			out.forget(key, l.objectLimiter)
			if v = refreshed; l.entries[key] == nil {
				v = outgrew
			}
			return
		}
		e := newEntry(object, size+retained)
		if e.list = l.number; l.cutsOff(key, e, l.left) {
			l.left++
			return
		}
		l.pending[e] = sized{object, size}
		l.add(key, e, l.objectLimiter)
		l.squeeze(l.admission, newcomer{}, out)
	})
	return v, out
}

// end ends a list that is complete. It returns the new objects, which are to be brought into
// the cache, and the names of those in it that the list does not have.
func (l *listing) end() (pending []sized, gone []types.NamespacedName, out effects) {
	out = l.change(l.objectLimiter, func(*effects) {
		for _, object := range l.pending {
			pending = append(pending, object)
		}
		l.each(func(key types.NamespacedName, e *entry) {
			if e.list != l.number {
				gone = append(gone, key)
			}
		})
		if l.truncated {
			l.left = max(l.left, 1)
		}
		l.listing, l.objectLimiter.left, l.listedAt = nil, l.left, l.clock.Now()
		if l.left == 0 {
			l.crowdedAt = time.Time{}
		}
	})
	return pending, gone, out
}

// each calls do for each entry that the limiter has brought. The lock is held.
func (i *objectLimiter) each(do func(types.NamespacedName, *entry)) {
	if i.namespace == "" {
		for key, e := range i.entries {
			do(key, e)
		}
		return
	}
	if n := i.namespaces[i.namespace]; n != nil {
		for _, e := range n.newest {
			do(types.NamespacedName{Namespace: n.name, Name: e.name}, e)
		}
	}
}

// count returns how many entries the limiter has brought. The lock is held.
func (i *objectLimiter) count() int {
	if i.namespace == "" {
		return len(i.entries)
	}
	if n := i.namespaces[i.namespace]; n != nil {
		return len(n.newest)
	}
	return 0
}

// survives counts an object of the list that was in the cache before, if it was.
func (l *listing) survives(was bool) {
	if was {
		l.survivors++
	}
}

// abandon gives up a list. What it has replaced in the cache stays so.
func (l *listing) abandon() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listing != l || l.ended {
		return
	}
	l.listing = nil
	for e, object := range l.pending {
		l.admission.remove(client.ObjectKeyFromObject(object), e)
	}
}
