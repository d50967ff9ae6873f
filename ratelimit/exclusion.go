package ratelimit

import (
	"cmp"
	"slices"
)

// exclusion is what is known of the items that exclude each other. It is there
// while one of them is in work, or one that was held back has not left its lane.
//
// When none is in work, the first that is held back of each cluster goes on to its
// lane. There clusters take turns: whichever leaves first, the others are held back again
// and do not lose their place. So no cluster waits for what is in the way of another's
// item: a backlog of its own, or a pause of its installation.
type exclusion[T comparable] struct {
	// busy reports whether one of them is in work.
	busy bool
	held map[*cluster[T]]*held[T]
}

// held are the items of one cluster that were passed over. They are in no list of their
// lane, so that none is passed over twice for the same reason.
type held[T comparable] struct {
	namespaces namespaces[T]
	// next was let go on and has not left its lane.
	next *entry[T]
	// lastTurn is the number of the cluster's last turn at the exclusion.
	lastTurn int64
}

// at is the namespace that holds an item back.
func (x *exclusion[T]) at(e *entry[T]) *namespace[T] {
	return x.held[e.from.cluster].namespaces.get(e.from.name)
}

// tidy forgets what is held back of a cluster where there is nothing any more.
func (x *exclusion[T]) tidy(c *cluster[T]) {
	if h := x.held[c]; h != nil && h.next == nil && h.namespaces.empty() {
		delete(x.held, c)
	}
}

// occupy notes that an item is in work.
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

// vacate notes that an item is in work no longer.
func (q *Queue[T]) vacate(name string) {
	if x := q.exclusions[name]; x != nil {
		x.busy = false
		q.promote(name, x)
	}
}

// promote lets the first of the items of each cluster that an exclusion held back go on,
// now that it holds no longer. Of several lanes, the one whose cluster had its turn here
// longest ago is asked first.
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

// inTurn are the clusters of which something is held back or let go on, the one last that
// had its turn longest ago.
func (x *exclusion[T]) inTurn() []*cluster[T] {
	all := make([]*cluster[T], 0, len(x.held))
	for c := range x.held {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b *cluster[T]) int { return cmp.Compare(x.held[b].lastTurn, x.held[a].lastTurn) })
	return all
}

// exclude gives an item that waits another exclusion, without loss of its place.
// Whether that lets it go is asked when it is its turn.
func (q *Queue[T]) exclude(e *entry[T], name string) {
	if e.held {
		q.unline(e)
		q.line(e, true)
	} else {
		q.spare(e)
	}
	e.exclusion = name
}

// spare takes from an exclusion an item that is about to have another, or to wait
// elsewhere.
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

// holdBack reports whether an exclusion does not let an item go that would leave now, and
// then keeps it until it does.
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
		// It was let go on, and another one was faster: it is still the first.
		h.next = nil
		n.items[e.class].pushFront(e)
		h.namespaces.roundRobin.take(n, 0)
	} else {
		n.items[e.class].pushBack(e)
	}
	h.namespaces.file(n)
	return true
}

// release takes an item out of what an exclusion holds back.
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
