package ratelimit

import "time"

// entry is one item that waits. It is made small, since there may be a million:
// it names its lane, its cluster and its namespace by one pointer, and links itself into the
// list and the index that hold it.
type entry[T comparable] struct {
	item       T
	next, prev *entry[T]
	// from is the namespace, and so the cluster and the lane, that it waits in.
	from      *namespace[T]
	exclusion string
	// added is when the item was added, counted from the start of the queue.
	added time.Duration
	// routed is when Route was asked for where it waits.
	routed ticket
	class  uint8
	// needs is for how many requests at once the item's next slot has to pay; 0 is one.
	needs uint8
	// reported is the class of wait that was told last.
	reported waitClass
	// held reports whether the entry is in the lists of its exclusion, not its namespace's.
	held bool
}

// fifo is a list of entries that takes no memory of its own for them.
type fifo[T comparable] struct {
	head, tail *entry[T]
	// visit is what a walk along the list sees next. It holds however the list
	// changes under the walk; what joins ahead of it or after its end is not seen.
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

// push puts an entry last, or by its age where that places it near the front: what
// comes back, or comes from elsewhere, may be older than what is last.
func (f *fifo[T]) push(e *entry[T]) {
	if f.tail != nil && f.tail.added > e.added {
		if after, ok := f.place(e); ok {
			f.pushAfter(after, e)
			return
		}
	}
	f.pushBack(e)
}

// near is how many entries are looked at for the place of one.
const near = 64

// place is the entry in front after which one follows by its age, nil where it is to
// be the first. ok is false where its place is further behind than is looked.
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
