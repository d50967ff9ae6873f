package ratelimit

import "time"

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
		depths[name] = l.waiting
	}
	return depths
}

// Wait is about how long an item that is added to a lane now would wait.
func (q *Queue[T]) Wait(lane string) time.Duration {
	if lane == "" {
		return 0
	}
	q.mu.Lock()
	ahead := 0
	if l, ok := q.lanes[lane]; ok {
		ahead = l.waiting
	}
	q.mu.Unlock()
	return q.options.Installations.Get(lane).Bucket().Wait(q.options.Clock.Now(), ahead+1)
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
