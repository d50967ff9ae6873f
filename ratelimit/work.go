package ratelimit

import "time"

// work is an item in work.
type work[T comparable] struct {
	entry *entry[T]
	slot  *Slot
	// dirty reports whether the item was added meanwhile, added is the time of the first such
	// call, and asked the ticket of the last.
	dirty bool
	asked ticket
	added time.Duration
}

// start marks an item as in work, and wakes another worker where more can leave.
func (q *Queue[T]) start(e *entry[T], slot *Slot, now time.Time) {
	delete(q.waiting, e.item)
	q.working[e.item] = &work[T]{entry: e, slot: slot}
	q.occupy(e)
	q.observeWait(e, now)
	if q.turns.Len() > 0 {
		q.ready.Signal()
	}
}

// markDirty records that an item in work was added.
func (q *Queue[T]) markDirty(w *work[T], asked ticket) {
	if !w.dirty || asked.after(w.asked) {
		w.asked = asked
	}
	if !w.dirty {
		w.dirty, w.added = true, q.age()
	}
}

// renew prepares the entry of an item to wait again. An item that could not pay for a request
// did not have its turn: it keeps its age, and its next slot pays for all that it needs.
func (w *work[T]) renew() {
	if w.slot != nil {
		if needs, unfinished := w.slot.unfinished(); unfinished {
			w.entry.needs = max(w.entry.needs, uint8(min(needs, burst)))
			return
		}
	}
	w.entry.added, w.entry.needs = w.added, 0
}

// Done ends the work on an item, and its slot. A dirty item is queued again.
func (q *Queue[T]) Done(item T) {
	dirty, slot := q.dirty(item)
	if slot != nil {
		slot.done(q.options.Clock.Now())
	}
	var asked ticket
	var route Route
	for done := false; !done; dirty = true {
		if dirty {
			asked, route = q.ask(), q.options.Route(item)
		}
		done = q.finish(item, dirty, asked, route)
	}
}

// dirty returns whether an item in work was added meanwhile, and its slot.
func (q *Queue[T]) dirty(item T) (dirty bool, slot *Slot) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.working[item]; ok {
		return w.dirty, w.slot
	}
	return false, nil
}

// finish reports whether an item is out of work. It returns false, and does nothing, where the
// item is dirty and there is no route, or only one from before it was added last.
func (q *Queue[T]) finish(item T, routed bool, asked ticket, route Route) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.working[item]
	if !ok {
		return true
	}
	if w.dirty && (!routed || w.asked.after(asked)) {
		return false
	}
	delete(q.working, item)
	q.vacate(w.entry.exclusion)
	if w.dirty {
		w.renew()
		w.entry.routed = asked
		q.insert(w.entry, route)
	}
	if len(q.working) == 0 {
		q.drained.Broadcast()
	}
	return true
}
