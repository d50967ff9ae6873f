package ratelimit

// Len is how many items wait, in all lanes.
func (q *Queue[T]) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.waiting)
}

// Depths is how many items wait in each lane in which some do.
func (q *Queue[T]) Depths() map[string]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	depths := make(map[string]int, len(q.lanes))
	for name, l := range q.lanes {
		depths[name] = l.waiting()
	}
	return depths
}

// Slot is what an item in work left its lane with. It is nil after Done, and for
// an item that had nothing to pay.
func (q *Queue[T]) Slot(item T) *Slot {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.working[item]; ok {
		return w.slot
	}
	return nil
}
