package ratelimit

import (
	"container/list"
	"time"
)

// entry is one item that waits.
type entry[T comparable] struct {
	item  T
	route Route
	// seq is the order of arrival.
	seq uint64
	// in is the heap that holds the entry at index: its lane's, or that of its
	// exclusion while an item with the same one is in work.
	in    *ordered[*entry[T]]
	index int
}

// before is the order in a lane: higher priority first, then first come first served.
func before[T comparable](a, b *entry[T]) bool {
	if a.route.Priority != b.route.Priority {
		return a.route.Priority > b.route.Priority
	}
	return a.seq < b.seq
}

func newEntries[T comparable]() *ordered[*entry[T]] {
	return &ordered[*entry[T]]{
		less:  before[T],
		moved: func(e *entry[T], i int) { e.index = i },
	}
}

// lane holds the items that wait for one installation. It exists only while
// some do. A lane is either in turn, or parked until its bucket can pay, or idle
// because each of its items waits for another one with the same exclusion.
type lane[T comparable] struct {
	name string
	// bucket pays for what leaves; nil for the lane without a name.
	bucket  *Bucket
	unwatch func()
	// items may leave; waiting counts them and those that an exclusion holds back.
	items   *ordered[*entry[T]]
	waiting int
	// turn is the lane's place in the round robin, nil when it is not in turn.
	turn *list.Element
	// retryAt is when a parked lane is looked at again; its place in the heap of
	// parked lanes is parked, -1 when it is not.
	retryAt time.Time
	parked  int
}

// lane returns the lane with a name, and makes it where there is none.
func (q *Queue[T]) lane(name string) *lane[T] {
	l, ok := q.lanes[name]
	if ok {
		return l
	}
	l = &lane[T]{name: name, items: newEntries[T](), parked: -1, unwatch: func() {}}
	if name != "" {
		l.bucket = q.options.Installations.Get(name).Bucket()
		l.unwatch = l.bucket.watch(func() { q.unpark(name) })
	}
	q.lanes[name] = l
	return l
}

// activate gives a lane its turn, unless it has one, is parked, or has nothing
// that may leave.
func (q *Queue[T]) activate(l *lane[T]) {
	if l.turn != nil || l.parked >= 0 || l.items.len() == 0 {
		return
	}
	l.turn = q.turns.PushBack(l)
	q.ready.Signal()
}

// idle takes a lane out of turn.
func (q *Queue[T]) idle(l *lane[T]) {
	if l.turn != nil {
		q.turns.Remove(l.turn)
		l.turn = nil
	}
}

// park takes a lane out of turn until its bucket is worth asking again.
func (q *Queue[T]) park(l *lane[T], retryAt time.Time) {
	q.idle(l)
	l.retryAt = retryAt
	q.parked.push(l)
	if l.parked == 0 {
		q.rearm()
	}
}

// unpark is called by a bucket in which budget came free.
func (q *Queue[T]) unpark(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l, ok := q.lanes[name]; ok && l.parked >= 0 {
		q.parked.remove(l.parked)
		q.activate(l)
	}
}

// left is called when an item has left a lane. An empty lane is forgotten.
func (q *Queue[T]) left(l *lane[T]) {
	l.waiting--
	if l.items.len() == 0 {
		q.idle(l)
	}
	if l.waiting > 0 {
		return
	}
	if l.parked >= 0 {
		q.parked.remove(l.parked)
	}
	l.unwatch()
	delete(q.lanes, l.name)
}

// next takes the item whose turn it is out of its lane. ok is false when none can
// leave now.
func (q *Queue[T]) next(now time.Time) (e *entry[T], slot *Slot, ok bool) {
	for q.turns.Len() > 0 {
		l := q.turns.Front().Value.(*lane[T])
		if !q.passOver(l) {
			q.idle(l)
			continue
		}
		if l.bucket != nil {
			var retryAt time.Time
			if slot, retryAt = l.bucket.reserve(now); slot == nil {
				q.park(l, retryAt)
				continue
			}
		}
		e = l.items.first()
		l.items.remove(0)
		q.turns.MoveToBack(l.turn)
		q.left(l)
		return e, slot, true
	}
	return nil, nil, false
}

// passOver moves the items that an exclusion holds back out of the front of a
// lane. It returns false when none is left that may leave.
func (q *Queue[T]) passOver(l *lane[T]) bool {
	for l.items.len() > 0 {
		e := l.items.first()
		if _, busy := q.excluding[e.route.Exclusion]; !busy {
			return true
		}
		l.items.remove(0)
		held := q.excluded[e.route.Exclusion]
		if held == nil {
			held = newEntries[T]()
			q.excluded[e.route.Exclusion] = held
		}
		q.place(e, held)
	}
	return false
}

// promote lets the first of the items that an exclusion held back go on, now
// that it holds no longer. One at a time: the next follows when that one is done.
func (q *Queue[T]) promote(exclusion string) {
	held := q.excluded[exclusion]
	if held == nil {
		return
	}
	e := held.first()
	held.remove(0)
	if held.len() == 0 {
		delete(q.excluded, exclusion)
	}
	l := q.lanes[e.route.Lane]
	q.place(e, l.items)
	q.activate(l)
}

func (q *Queue[T]) place(e *entry[T], in *ordered[*entry[T]]) {
	e.in = in
	in.push(e)
}
