package kubeconfigs

import (
	"cmp"
	"container/heap"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// unitSize is how many bytes that are kept of an object count as one object: a member
	// can fill the hub's memory by large ones just as well as by many.
	unitSize = 4 << 10
	// relistPause is the least time between two lists that the limit makes necessary.
	relistPause = time.Minute
)

// intake bounds what one watch of a member brings in. It lets in the oldest objects that
// fit into the limit; who creates more than that finds the newest left out.
type intake struct {
	// limit is in units, see unitSize.
	limit int
	clock clock.PassiveClock
	// told is called when crowded changes.
	told func()

	mu sync.Mutex
	// admitted are the objects that were let in, with their units.
	admitted map[types.NamespacedName]int
	units    int
	// left counts the objects that are left out.
	left int
	// crowded says that objects are left out, or were a moment ago, at crowdedAt: who makes
	// and deletes one all the time is not told of each time.
	crowded   bool
	crowdedAt time.Time
	// dropped are objects that were let in until the newest list left them out.
	dropped map[types.NamespacedName]struct{}
	// outgrown says that since the newest list, at listedAt, room was made for what is
	// left out, or that what was let in has outgrown the limit.
	outgrown bool
	listedAt time.Time
}

func newIntake(limit int, clk clock.PassiveClock, told func()) *intake {
	return &intake{limit: limit, clock: clk, told: told, admitted: map[types.NamespacedName]int{}}
}

// selection picks the oldest of the objects of a list, which come page by page.
type selection struct {
	limit  int
	chosen youngestFirst
	units  int
	left   int
	// cutoff is the oldest object that did not fit: nothing younger is let in.
	cutoff client.Object
	// known reports whether an object was in before, and out are those that were and are
	// not any more.
	known func(types.NamespacedName) bool
	out   []types.NamespacedName
}

// choose begins a selection.
func (i *intake) choose() *selection { return &selection{limit: i.limit, known: i.knows} }

func (i *intake) knows(name types.NamespacedName) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.admitted[name]
	return ok
}

// add takes an object of the list in.
func (s *selection) add(object client.Object, size int) {
	if s.cutoff != nil && byAge(object, s.cutoff) > 0 {
		s.leave(object)
		return
	}
	units := unitsOf(size)
	heap.Push(&s.chosen, weighed{object, units})
	s.units += units
	for s.units > s.limit {
		popped, _ := heap.Pop(&s.chosen).(weighed)
		s.units -= popped.units
		s.cutoff = popped.object
		s.leave(popped.object)
	}
}

// leave counts an object as left out. Only of those that were in before the name is kept.
func (s *selection) leave(object client.Object) {
	s.left++
	if name := client.ObjectKeyFromObject(object); s.known(name) {
		s.out = append(s.out, name)
	}
}

// take makes a selection what is let in.
func (i *intake) take(s *selection) {
	admitted := make(map[types.NamespacedName]int, len(s.chosen))
	for _, w := range s.chosen {
		admitted[client.ObjectKeyFromObject(w.object)] = w.units
	}
	dropped := make(map[types.NamespacedName]struct{}, len(s.out))
	for _, name := range s.out {
		dropped[name] = struct{}{}
	}
	i.change(func() {
		i.admitted, i.units, i.left, i.dropped = admitted, s.units, s.left, dropped
		i.outgrown, i.listedAt = false, i.clock.Now()
		i.crowded = s.left > 0
	})
}

// admit reports whether an object that was added or changed is let in.
func (i *intake) admit(object client.Object, added bool, size int) (ok bool) {
	name, units := client.ObjectKeyFromObject(object), unitsOf(size)
	i.change(func() {
		before, known := i.admitted[name]
		switch {
		case known:
			i.outgrown = i.outgrown || units != before
		case i.left == 0 && i.units+units <= i.limit:
		default:
			if added {
				i.left++
			}
			return
		}
		ok = true
		i.admitted[name] = units
		i.units += units - before
	})
	return ok
}

// remove reports whether an object that is gone had been let in.
func (i *intake) remove(object client.Object) (ok bool) {
	name := client.ObjectKeyFromObject(object)
	i.change(func() {
		var units int
		if units, ok = i.admitted[name]; ok {
			delete(i.admitted, name)
			i.units -= units
			i.outgrown = true
			return
		}
		i.left = max(0, i.left-1)
	})
	return ok
}

// settle takes in that time has passed.
func (i *intake) settle() { i.change(func() {}) }

// change does what may change whether anything is left out, and tells when it has.
func (i *intake) change(do func()) {
	i.mu.Lock()
	before := i.crowded
	do()
	switch {
	case i.left > 0:
		i.crowded, i.crowdedAt = true, i.clock.Now()
	case i.crowded && i.clock.Since(i.crowdedAt) >= relistPause:
		i.crowded = false
	}
	after := i.crowded
	i.mu.Unlock()
	if before != after {
		i.told()
	}
}

// relist reports whether only another list tells what is to be let in now.
func (i *intake) relist() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return (i.units > i.limit || i.outgrown && i.left > 0) && i.clock.Since(i.listedAt) >= relistPause
}

// leftOut returns how many objects are left out.
func (i *intake) leftOut() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.left
}

// isCrowded reports whether it is to be told that objects are left out.
func (i *intake) isCrowded() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.crowded
}

// drops reports whether an object was let in until the newest list left it out.
func (i *intake) drops(name types.NamespacedName) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	_, ok := i.dropped[name]
	return ok
}

func unitsOf(size int) int { return 1 + size/unitSize }

// byAge orders objects, the oldest first.
func byAge(a, b client.Object) int {
	at, bt := a.GetCreationTimestamp(), b.GetCreationTimestamp()
	return cmp.Or(at.Compare(bt.Time), strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
}

type weighed struct {
	object client.Object
	units  int
}

// youngestFirst is a heap of objects.
type youngestFirst []weighed

func (y youngestFirst) Len() int           { return len(y) }
func (y youngestFirst) Less(a, b int) bool { return byAge(y[a].object, y[b].object) > 0 }
func (y youngestFirst) Swap(a, b int)      { y[a], y[b] = y[b], y[a] }

// Push implements heap.Interface.
func (y *youngestFirst) Push(x any) {
	if w, ok := x.(weighed); ok {
		*y = append(*y, w)
	}
}

// Pop implements heap.Interface.
func (y *youngestFirst) Pop() any {
	last := len(*y) - 1
	out := (*y)[last]
	(*y)[last] = weighed{}
	*y = (*y)[:last]
	return out
}
