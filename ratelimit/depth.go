package ratelimit

// Len returns the number of items that wait, in all lanes.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Depths returns the number of items that wait in each lane that is not empty.
func (q *Queue[T]) Depths() map[string]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	depths := make(map[string]int, len(q.lanes))
	for name, l := range q.lanes {
		depths[name] = l.waiting()
	}
	return depths
}

// Slot returns the slot with which an item in work left its lane. It is nil after Done, and for
// an item that had nothing to pay.
func (q *Queue[T]) Slot(item T) *Slot {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.working[item]; ok {
		return w.slot
	}
	return nil
}
