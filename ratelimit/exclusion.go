package ratelimit

// exclusion is what is known of the items that exclude each other. It is there
// while one of them is in work, or one that was held back has not left its lane.
type exclusion[T comparable] struct {
	// busy says that one of them is in work.
	busy bool
	// held are those that were passed over. They are in no list of their lanes, so
	// that none is passed over twice for the same reason.
	held order[T]
	// next was let go on and has not left its lane.
	next *entry[T]
}

// occupy notes that an item is in work.
func (q *Queue[T]) occupy(e *entry[T]) {
	if e.exclusion == "" {
		return
	}
	x := q.exclusions[e.exclusion]
	if x == nil {
		x = &exclusion[T]{}
		q.exclusions[e.exclusion] = x
	}
	x.busy = true
	if x.next == e {
		x.next = nil
	}
}

// vacate notes that an item is in work no longer.
func (q *Queue[T]) vacate(name string) {
	if x := q.exclusions[name]; x != nil {
		x.busy = false
		q.promote(name, x)
	}
}

// promote lets the first of the items that an exclusion held back go on, now that
// it holds no longer. One at a time: the next follows when that one is done.
func (q *Queue[T]) promote(name string, x *exclusion[T]) {
	if x.busy || x.next != nil {
		return
	}
	e := x.held.first()
	if e == nil {
		delete(q.exclusions, name)
		return
	}
	x.held[e.class].remove(e)
	e.held = false
	x.next = e
	q.line(e, true)
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
	if x.next == e {
		x.next = nil
	}
	q.promote(e.exclusion, x)
}

// passOver holds back the items in front of a cluster's that an exclusion does
// not let go. It returns the first that may leave, nil where none may.
func (q *Queue[T]) passOver(c *cluster[T]) *entry[T] {
	for {
		e := c.items.first()
		if e == nil {
			return nil
		}
		x := q.exclusions[e.exclusion]
		if x == nil || !x.busy {
			return e
		}
		q.unline(e)
		e.held = true
		if x.next == e {
			// It was let go on, and another one was faster: it is still the first.
			x.next = nil
			x.held[e.class].pushFront(e)
		} else {
			x.held[e.class].pushBack(e)
		}
	}
}
