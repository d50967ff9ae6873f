package ratelimit

import (
	"container/list"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// lane holds the items that wait for one installation. It exists only while it is not empty. A
// lane is active, or parked until its bucket can pay, or idle because each of its items waits
// for another one with the same exclusion.
type lane[T comparable] struct {
	name string
	// bucket pays for what leaves; nil for the lane without a name.
	bucket  *Bucket
	unwatch func()
	// roundRobin contains the clusters with an item that may leave. clusters contains those and
	// the ones that wait for an exclusion.
	roundRobin roundRobin[*cluster[T]]
	clusters   map[string]*cluster[T]
	// depth is the number of items of each class.
	depth [classes]int
	// waits observe the waiting times by class; each is nil until an item of the class has
	// left.
	waits [classes]prometheus.Observer
	// turn is the lane's place in the round robin, nil when it is not in turn.
	turn *list.Element
	// retryAt is the time at which a parked lane becomes active again. parked is its index in
	// the heap of parked lanes, -1 where it is not parked.
	retryAt time.Time
	parked  int
}

// lane returns the lane with a name, and makes it if there is none.
func (q *Queue[T]) lane(name string) *lane[T] {
	l, ok := q.lanes[name]
	if ok {
		return l
	}
	l = &lane[T]{name: name, clusters: map[string]*cluster[T]{}, parked: -1, unwatch: func() {}}
	if name != "" {
		l.bucket = q.options.Installations.Get(name).Bucket()
		l.unwatch = l.bucket.watch(func() { q.unpark(name) })
		q.watchWaits()
	}
	q.lanes[name] = l
	return l
}

// activate puts a lane into the round robin, unless it is there already, is parked, or has no
// item that may leave.
func (q *Queue[T]) activate(l *lane[T]) {
	if l.turn != nil || l.parked >= 0 || l.roundRobin.holds() == holdsNothing {
		return
	}
	l.turn = q.turns.PushBack(l)
	q.ready.Signal()
}

// idle removes a lane from the round robin.
func (q *Queue[T]) idle(l *lane[T]) {
	if l.turn != nil {
		q.turns.Remove(l.turn)
		l.turn = nil
	}
}

// park removes a lane from the round robin until retryAt.
func (q *Queue[T]) park(l *lane[T], retryAt time.Time) {
	q.idle(l)
	l.retryAt = retryAt
	q.parked.push(l)
	if l.parked == 0 {
		q.rearm()
	}
}

// unpark activates a parked lane. The bucket calls it when budget becomes free.
func (q *Queue[T]) unpark(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l, ok := q.lanes[name]; ok && l.parked >= 0 {
		q.parked.remove(l.parked)
		q.activate(l)
	}
}

// waiting returns the number of items in a lane.
func (l *lane[T]) waiting() (n int) {
	for _, d := range l.depth {
		n += d
	}
	return n
}

// forget removes an empty lane.
func (q *Queue[T]) forget(l *lane[T]) {
	q.idle(l)
	if l.parked >= 0 {
		q.parked.remove(l.parked)
	}
	l.unwatch()
	delete(q.lanes, l.name)
}

// next removes the item whose turn it is from its lane. ok is false when none can leave now.
func (q *Queue[T]) next(now time.Time) (e *entry[T], slot *Slot, ok bool) {
	for q.turns.Len() > 0 {
		l := q.turns.Front().Value.(*lane[T])
		if e = q.head(l); e == nil {
			q.idle(l)
			continue
		}
		if l.bucket != nil {
			var retryAt time.Time
			if slot, retryAt = l.bucket.reserve(now, e.item, int(e.needs)); slot == nil {
				q.park(l, retryAt)
				continue
			}
		}
		q.turns.MoveToBack(l.turn)
		q.endTurn(e)
		q.unline(e)
		q.left(e.from, e.class)
		return e, slot, true
	}
	return nil, nil, false
}
