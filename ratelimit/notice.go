package ratelimit

import "time"

const (
	// noticeEvery is the interval between two estimates of all waits.
	noticeEvery = 10 * time.Second
	// noticeOver is the longest wait without a notice.
	noticeOver = 30 * time.Second
	// noticeStep is the number of items that are examined under one lock, and of notices in one
	// call.
	noticeStep = 1000
)

// Notice describes an item that has to wait in its lane.
type Notice[T comparable] struct {
	Item T
	// Lane is the id of the installation for which it waits.
	Lane string
	// Wait is the estimated remaining wait.
	Wait time.Duration
	// Down reports whether the lane's SCM has not responded for half a minute, so that the wait
	// is unknown.
	Down bool
}

// waitClass is an item's expected wait, in the classes for which notices are sent.
type waitClass uint8

const (
	waitShort   waitClass = iota
	waitMinutes           // under 10 minutes
	waitHour              // under an hour
	waitLong
	waitDown
)

// rounds contains the walks of one round of notices, and the estimates of their lanes.
type rounds[T comparable] struct {
	walks     []walk[T]
	estimates map[string]*estimate
}

// walk is a walk along the items of one namespace.
type walk[T comparable] struct {
	along *order[T]
	lane  string
	// turns is the sharing of its cluster's namespaces.
	turns    sharing
	estimate *estimate
}

// notify sends notices of the items whose wait has changed its class.
func (q *Queue[T]) notify(now time.Time) {
	r, ok := q.beginNotifying(now)
	if !ok {
		return
	}
	for _, o := range r.estimates {
		o.computeClasses()
	}
	for _, w := range r.walks {
		for place, more := 0, true; more; {
			var changed []change[T]
			changed, place, more = q.walk(w, place)
			if len(changed) > 0 {
				q.options.Notice(noticesOf(changed))
			}
		}
	}
}

// beginNotifying prepares a round of notices; ok is false where none is due.
func (q *Queue[T]) beginNotifying(now time.Time) (r rounds[T], ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.notifyAt.IsZero() || now.Before(q.notifyAt) {
		return r, false
	}
	q.notifyAt = time.Time{}
	r.estimates = map[string]*estimate{}
	for name, l := range q.lanes {
		if l.bucket == nil {
			continue
		}
		o := &estimate{now: now, bucket: l.bucket, waits: map[int]time.Duration{}}
		counts := make([]int, 0, len(l.clusters))
		for _, c := range l.clusters {
			counts = append(counts, c.waiting)
			r.along(&c.namespaces, c, o)
		}
		o.clusters = sharingOf(counts)
		r.estimates[name] = o
	}
	// An item that an exclusion held back goes to the front of its lane when it returns, one at
	// a time.
	for _, x := range q.exclusions {
		for c, h := range x.held {
			if o := r.estimates[c.lane.name]; o != nil {
				r.along(&h.namespaces, c, o)
			}
		}
	}
	if len(r.estimates) > 0 {
		q.notifyAt = now.Add(noticeEvery)
	}
	return r, true
}

// along adds a walk along each of a cluster's namespaces, in its lane or at an exclusion.
func (r *rounds[T]) along(all *namespaces[T], c *cluster[T], o *estimate) {
	var counts []int
	for n := range all.all() {
		counts = append(counts, c.namespaces.get(n.name).waiting)
	}
	turns := sharingOf(counts)
	for n := range all.all() {
		n.items.rewind()
		r.walks = append(r.walks, walk[T]{along: &n.items, lane: c.lane.name, turns: turns, estimate: o})
	}
}

// change is an item whose class of wait has changed.
type change[T comparable] struct {
	item     T
	lane     string
	turn     int
	class    waitClass
	estimate *estimate
}

// walk continues a walk from a place, and returns the items whose class has changed.
func (q *Queue[T]) walk(w walk[T], from int) (changed []change[T], place int, more bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for place = from; place < from+noticeStep; {
		e := w.along.visit()
		if e == nil || q.stopping {
			return changed, place, false
		}
		place++
		turn := w.turns.until(place)
		if class := w.estimate.classOf(turn); class != waitShort && class != e.reported {
			e.reported = class
			changed = append(changed, change[T]{e.item, w.lane, turn, class, w.estimate})
		}
	}
	return changed, place, true
}

func noticesOf[T comparable](all []change[T]) []Notice[T] {
	notices := make([]Notice[T], 0, len(all))
	for _, t := range all {
		notices = append(notices, Notice[T]{
			Item: t.item, Lane: t.lane, Wait: t.estimate.about(t.turn, t.class), Down: t.class == waitDown,
		})
	}
	return notices
}

// watchWaits schedules the next round of notices, if none is scheduled. The caller holds the
// lock.
func (q *Queue[T]) watchWaits() {
	if q.options.Notice != nil && q.notifyAt.IsZero() {
		q.notifyAt = q.options.Clock.Now().Add(noticeEvery)
		q.rearm()
	}
}
