package ratelimit

import "time"

// work is an item in work.
type work[T comparable] struct {
	entry *entry[T]
	slot  *Slot
	// again says that the item was added meanwhile, and added when first.
	again bool
	added time.Duration
}

// start notes that an item is in work, and wakes another worker where more can leave.
func (q *Queue[T]) start(e *entry[T], slot *Slot, now time.Time) {
	q.waiting.drop(e)
	q.working[e.item] = &work[T]{entry: e, slot: slot}
	q.occupy(e)
	q.metrics.get(e, now.Sub(q.started)-e.added)
	q.observeWait(e, now)
	if q.turns.Len() > 0 {
		q.ready.Signal()
	}
}

// addAgain notes that an item in work was added.
func (q *Queue[T]) addAgain(w *work[T]) {
	if !w.again {
		w.again, w.added = true, q.age()
		q.metrics.add()
	}
}

// renew makes the entry of an item wait again. One that could not pay for a request
// did not have its turn: it keeps its age, and is to get all that it needs at once.
func (w *work[T]) renew() {
	if w.slot != nil {
		if needs, unfinished := w.slot.unfinished(); unfinished {
			w.entry.needs = max(w.entry.needs, uint8(min(needs, burst)))
			return
		}
	}
	w.entry.added, w.entry.needs = w.added, 0
}

// Done ends the work on an item, and its slot. An item that was added meanwhile
// is queued again.
func (q *Queue[T]) Done(item T) {
	again, slot := q.again(item)
	if slot != nil {
		slot.done(q.options.Clock.Now())
	}
	var route Route
	if again {
		route = q.options.Route(item)
	}
	for !q.finish(item, again, route) {
		again, route = true, q.options.Route(item)
	}
}

// again tells whether an item in work was added meanwhile.
func (q *Queue[T]) again(item T) (again bool, slot *Slot) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.working[item]; ok {
		return w.again, w.slot
	}
	return false, nil
}

// finish takes an item out of work. It returns false, and does nothing, where the
// item has to be queued again and route is not known.
func (q *Queue[T]) finish(item T, routed bool, route Route) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.working[item]
	if !ok {
		return true
	}
	if w.again && !routed {
		return false
	}
	delete(q.working, item)
	q.metrics.done(w.entry)
	q.vacate(w.entry.exclusion)
	if w.again {
		w.renew()
		q.insert(w.entry, route)
	}
	if len(q.working) == 0 {
		q.drained.Broadcast()
	}
	return true
}
