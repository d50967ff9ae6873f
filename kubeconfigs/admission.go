package kubeconfigs

import (
	"cmp"
	"container/heap"
	"math"
	"reflect"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// admission bounds what is kept of one kind of one member. Over the limit, the namespace that
// holds most has its newest objects left out first, so that no namespace is left out because
// of one that holds more. The budget's lock guards it.
type admission struct {
	*budget
	member string
	kind   reflect.Type
	// limit is in units, see unitSize.
	limit int
	// notify is called when objects are left out, and when they are no more.
	notify func()

	units int
	// entries are the objects that are kept.
	entries map[types.NamespacedName]*entry
	// namespaces are those of the entries, and largest the same, the largest first.
	namespaces map[string]*namespace
	largest    ranking[*namespace]
	// lists counts the lists, see entry, and frees how often room was made.
	lists uint32
	frees int
	// ended reports whether nothing is kept any more.
	ended bool
}

func newAdmission(b *budget, member string, kind reflect.Type, limit int, notify func()) *admission {
	return &admission{
		budget: b, member: member, kind: kind, limit: limit, notify: notify,
		entries: map[types.NamespacedName]*entry{}, namespaces: map[string]*namespace{},
	}
}

// namespace is what is kept of one namespace.
type namespace struct {
	name  string
	units int
	at    int
	// newest are the entries, the newest first.
	newest ranking[*entry]
	// cutoff is the oldest object that is left out, nil for none: nothing newer is let in.
	cutoff *entry
	// from is the limiter that brings it, and list the list that it was last in.
	from *objectLimiter
	list uint32
}

// entry is an object that is kept. There are many: it has no pointer but its name's.
type entry struct {
	name string
	// created is in seconds since 1970, and list the number of the list that it was last in.
	created, list uint32
	units         int32
	at            int32
}

// newcomer is an object that has come by a watch, with its namespace. Zero is none.
type newcomer struct {
	*entry
	namespace *namespace
}

// newEntry makes an entry that is not kept yet.
func newEntry(object client.Object, size int) *entry {
	e := &entry{name: object.GetName()}
	e.update(object, size)
	return e
}

// update takes over what may change of an object.
func (e *entry) update(object client.Object, size int) {
	e.units = int32(min(1+size/unitSize, math.MaxInt32))
	e.created = 0
	if created := object.GetCreationTimestamp(); !created.IsZero() {
		e.created = uint32(max(0, min(created.Unix(), math.MaxUint32)))
	}
}

// compareAge orders objects of a namespace, the oldest first.
func compareAge(a, b *entry) int {
	return cmp.Or(cmp.Compare(a.created, b.created), strings.Compare(a.name, b.name))
}

// Before reports whether e is newer than other, so the newest object of a namespace comes
// first.
func (e *entry) Before(other *entry) bool { return compareAge(e, other) > 0 }

// Moved notes where it is in its ranking.
func (e *entry) Moved(at int) { e.at = int32(at) }

// Before reports whether n is larger than other; of equal namespaces the one with the newest
// object comes first.
func (n *namespace) Before(other *namespace) bool {
	return cmp.Or(
		cmp.Compare(n.units, other.units), cmp.Compare(n.newest[0].created, other.newest[0].created), strings.Compare(n.name, other.name),
	) > 0
}

// Moved notes where it is in its ranking.
func (n *namespace) Moved(at int) { n.at = at }

// add keeps an object, and returns its namespace. The lock is held.
func (a *admission) add(key types.NamespacedName, e *entry, from *objectLimiter) *namespace {
	n := a.namespaces[key.Namespace]
	if n == nil {
		n = &namespace{name: key.Namespace, from: from, list: e.list}
		a.namespaces[n.name] = n
	}
	a.entries[key] = e
	heap.Push(&n.newest, e)
	n.units += int(e.units)
	if len(n.newest) == 1 {
		heap.Push(&a.largest, n)
	} else {
		heap.Fix(&a.largest, n.at)
	}
	a.account(a, int(e.units))
	return n
}

// replace takes in that an object that is kept has changed. The lock is held.
func (a *admission) replace(key types.NamespacedName, e *entry, object client.Object, size int) {
	n, before := a.namespaces[key.Namespace], e.units
	e.update(object, size)
	heap.Fix(&n.newest, int(e.at))
	n.units += int(e.units - before)
	heap.Fix(&a.largest, n.at)
	a.account(a, int(e.units-before))
}

// remove keeps an object no longer. The lock is held.
func (a *admission) remove(key types.NamespacedName, e *entry) {
	n := a.namespaces[key.Namespace]
	delete(a.entries, key)
	heap.Remove(&n.newest, int(e.at))
	n.units -= int(e.units)
	if len(n.newest) == 0 {
		heap.Remove(&a.largest, n.at)
		delete(a.namespaces, n.name)
	} else {
		heap.Fix(&a.largest, n.at)
	}
	a.account(a, -int(e.units))
}

// leaveOutNewest leaves out the newest object of the namespace that holds most, or newcomer
// if its namespace holds as much. The lock is held.
func (a *admission) leaveOutNewest(newcomer newcomer, out *effects, forAll bool) {
	n := a.largest[0]
	e := n.newest[0]
	if own := newcomer.namespace; own != nil && own.from.admission == a && own.units == n.units {
		n, e = own, newcomer.entry
	}
	key := types.NamespacedName{Namespace: n.name, Name: e.name}
	a.remove(key, e)
	n.cut(e)
	n.from.leaveOut(key, e, forAll, out)
}

// cut notes that an object of a namespace is left out.
func (n *namespace) cut(e *entry) {
	if n.cutoff == nil || compareAge(e, n.cutoff) < 0 {
		n.cutoff = e
	}
}

// holds reports whether an object is kept.
func (a *admission) holds(key types.NamespacedName) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.entries[key] != nil
}

// holdsMost returns the namespace that holds most.
func (a *admission) holdsMost() (name string, units int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.largest) == 0 {
		return "", 0
	}
	return a.largest[0].name, a.largest[0].units
}

// end gives all units back, for good.
func (a *admission) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.units > 0 {
		a.account(a, -a.units)
	}
	a.entries, a.namespaces, a.largest, a.ended = nil, nil, nil, true
}

// ranking is a heap whose elements know where they are.
type ranking[T interface {
	Before(T) bool
	Moved(int)
}] []T

func (r ranking[T]) Len() int           { return len(r) }
func (r ranking[T]) Less(a, b int) bool { return r[a].Before(r[b]) }
func (r ranking[T]) Swap(a, b int) {
	r[a], r[b] = r[b], r[a]
	r[a].Moved(a)
	r[b].Moved(b)
}

// Push implements heap.Interface.
func (r *ranking[T]) Push(x any) {
	if e, ok := x.(T); ok {
		e.Moved(len(*r))
		*r = append(*r, e)
	}
}

// Pop implements heap.Interface.
func (r *ranking[T]) Pop() any {
	var none T
	last := len(*r) - 1
	out := (*r)[last]
	(*r)[last] = none
	*r = (*r)[:last]
	return out
}
