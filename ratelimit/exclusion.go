package ratelimit

import (
	"cmp"
	"slices"
)

// exclusion is the state of the items that exclude each other. It exists while one of them is
// in work, or while one that was held back has not left its lane.
//
// When none is in work, the first held item of each cluster returns to its lane. Clusters take
// turns there: when one of these items leaves, the others are held back again without losing
// their place. So no cluster waits for another cluster's backlog or for the pause of its
// installation.
type exclusion[T comparable] struct {
	// busy reports whether one of them is in work.
	busy bool
	held map[*cluster[T]]*held[T]
}

// held contains the items of one cluster that were passed over. They are in no list of their
// lane, so that none is passed over twice for the same reason.
type held[T comparable] struct {
	namespaces namespaces[T]
	// next is the item that returned to its lane and has not left it yet.
	next *entry[T]
	// lastTurn is the number of the cluster's last turn at the exclusion.
	lastTurn int64
}

// at returns the namespace that holds an item back.
func (x *exclusion[T]) at(e *entry[T]) *namespace[T] {
	return x.held[e.from.cluster].namespaces.get(e.from.name)
}

// tidy removes the entry of a cluster that has no held item any more.
func (x *exclusion[T]) tidy(c *cluster[T]) {
	if h := x.held[c]; h != nil && h.next == nil && h.namespaces.empty() {
		delete(x.held, c)
	}
}

// occupy marks an item's exclusion as busy: the item is in work.
func (q *Queue[T]) occupy(e *entry[T]) {
	if e.exclusion == "" {
		return
	}
	x := q.exclusions[e.exclusion]
	if x == nil {
		x = &exclusion[T]{held: map[*cluster[T]]*held[T]{}}
		q.exclusions[e.exclusion] = x
	}
	x.busy = true
	if h := x.held[e.from.cluster]; h != nil {
		h.lastTurn = q.nextTurn()
		if h.next == e {
			h.next = nil
		}
		x.tidy(e.from.cluster)
	}
}

// vacate marks an exclusion as free: its item is no longer in work.
func (q *Queue[T]) vacate(name string) {
	if x := q.exclusions[name]; x != nil {
		x.busy = false
		q.promote(name, x)
	}
}

// promote returns the first held item of each cluster to its lane, if the exclusion is free. Of
// several lanes the one whose cluster had its turn here longest ago comes first.
func (q *Queue[T]) promote(name string, x *exclusion[T]) {
	if x.busy {
		return
	}
	for _, c := range x.inTurn() {
		h := x.held[c]
		if h.next == nil {
			e := h.namespaces.first(q.age())
			n := x.at(e)
			h.namespaces.roundRobin.take(n, q.nextTurn())
			h.next = e
			q.release(e)
			q.line(e, true)
		}
		if c.lane.turn != nil {
			q.turns.MoveToFront(c.lane.turn)
		}
	}
	if len(x.held) == 0 {
		delete(q.exclusions, name)
	}
}

// inTurn returns the clusters that have held or returned items; the one whose turn was longest
// ago is last.
func (x *exclusion[T]) inTurn() []*cluster[T] {
	all := make([]*cluster[T], 0, len(x.held))
	for c := range x.held {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *cluster[T]) int { return cmp.Compare(x.held[b].lastTurn, x.held[a].lastTurn) })
	return all
}

// exclude moves a waiting item to another exclusion, without loss of its place. The new
// exclusion is checked when it is the item's turn.
func (q *Queue[T]) exclude(e *entry[T], name string) {
	if e.held {
		q.unline(e)
		q.line(e, true)
	} else {
		q.spare(e)
	}
	e.exclusion = name
}

// spare removes from its exclusion an item that gets another exclusion or another lane.
func (q *Queue[T]) spare(e *entry[T]) {
	x := q.exclusions[e.exclusion]
	if x == nil {
		return
	}
	if h := x.held[e.from.cluster]; h != nil && h.next == e {
		h.next = nil
		x.tidy(e.from.cluster)
	}
	q.promote(e.exclusion, x)
}

// holdBack reports whether an exclusion prevents an item from leaving now, and then keeps the
// item until the exclusion is free.
func (q *Queue[T]) holdBack(e *entry[T]) bool {
	x := q.exclusions[e.exclusion]
	if x == nil || !x.busy {
		return false
	}
	q.unline(e)
	e.held = true
	h := x.held[e.from.cluster]
	if h == nil {
		h = &held[T]{}
		x.held[e.from.cluster] = h
	}
	n := h.namespaces.of(e.from.cluster, e.from.name, q.nextTurn())
	if h.next == e {
		// It returned to its lane, and another item was faster: it is still the first.
		h.next = nil
		n.items[e.class].pushFront(e)
		h.namespaces.roundRobin.take(n, 0)
	} else {
		n.items[e.class].pushBack(e)
	}
	h.namespaces.file(n)
	return true
}

// release removes an item from the lists of its exclusion.
func (q *Queue[T]) release(e *entry[T]) {
	x := q.exclusions[e.exclusion]
	h, n := x.held[e.from.cluster], x.at(e)
	n.items[e.class].remove(e)
	e.held = false
	h.namespaces.file(n)
	if n.items.empty() {
		h.namespaces.drop(n)
	}
	x.tidy(e.from.cluster)
}
