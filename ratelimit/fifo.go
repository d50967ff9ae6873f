package ratelimit

import "time"

// entry is one item that waits. It is made small, since there may be a million:
// it names its lane and its cluster by one pointer, and links itself into the
// list and the index that hold it.
type entry[T comparable] struct {
	item       T
	next, prev *entry[T]
	// same is the next entry in the index with the same hash.
	same      *entry[T]
	cluster   *cluster[T]
	exclusion string
	// added is when the item was added, counted from the start of the queue.
	added time.Duration
	class uint8
	// told is the class of wait that was told last.
	told waitClass
	// held says that the entry is in the lists of its exclusion, not its cluster's.
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
