package ratelimit

import "time"

// entry is one item that waits. It is kept small, since there may be a million: one pointer
// names its lane, cluster and namespace, and the entry is its own list element.
type entry[T comparable] struct {
	item       T
	next, prev *entry[T]
	// from is the namespace in which it waits, and so the cluster and the lane.
	from      *namespace[T]
	exclusion string
	// added is the time at which the item was added, counted from the start of the queue.
	added time.Duration
	// routed is the ticket of the Route call that decided its place.
	routed ticket
	class  uint8
	// needs is the number of requests for which the item's next slot has to pay; 0 means one.
	needs uint8
	// reported is the class of wait of the last notice.
	reported waitClass
	// held reports whether the entry is in the lists of its exclusion instead of its
	// namespace's.
	held bool
}

// fifo is a list of entries that allocates no memory for its elements.
type fifo[T comparable] struct {
	head, tail *entry[T]
	// visit is the next entry of a walk along the list. The list may change during the walk;
	// entries that join ahead of it or after its end are not visited.
	visit *entry[T]
}

func (f *fifo[T]) pushBack(e *entry[T]) {
	e.prev, e.next = f.tail, nil
	if f.tail == nil {
		f.head = e
	} else {
		f.tail.next = e
	}
	f.tail = e
}

func (f *fifo[T]) pushFront(e *entry[T]) {
	e.prev, e.next = nil, f.head
	if f.head == nil {
		f.tail = e
	} else {
		f.head.prev = e
	}
	f.head = e
}

// push appends an entry, or inserts it by its age if that is near the front: an entry that
// returns, or comes from elsewhere, may be older than the last one.
func (f *fifo[T]) push(e *entry[T]) {
	if f.tail != nil && f.tail.added > e.added {
		if after, ok := f.place(e); ok {
			f.pushAfter(after, e)
			return
		}
	}
	f.pushBack(e)
}

// near is the number of entries that are searched for the place of one.
const near = 64

// place returns the entry after which e belongs by its age, nil if e belongs in front. ok is
// false where the place is further back than the search goes.
func (f *fifo[T]) place(e *entry[T]) (after *entry[T], ok bool) {
	at := f.head
	for range near {
		if at == nil {
			return after, true
		}
		if ok = at.added > e.added; !ok {
			after = at
		}
		at = at.next
	}
	return after, ok
}

func (f *fifo[T]) pushAfter(after, e *entry[T]) {
	switch after {
	case nil:
		f.pushFront(e)
	case f.tail:
		f.pushBack(e)
	default:
		e.prev, e.next = after, after.next
		after.next.prev, after.next = e, e
	}
}

func (f *fifo[T]) remove(e *entry[T]) {
	if f.visit == e {
		f.visit = e.next
	}
	if e.prev == nil {
		f.head = e.next
	} else {
		e.prev.next = e.next
	}
	if e.next == nil {
		f.tail = e.prev
	} else {
		e.next.prev = e.prev
	}
	e.prev, e.next = nil, nil
}
