package ratelimit

// ShutDown ends the queue: Get returns at once everywhere, nothing is taken in
// any more, and what waits is forgotten. It returns when the timer has ended.
func (q *Queue[T]) ShutDown() { q.shutDown(false) }

// ShutDownWithDrain is ShutDown, but first hands out what can leave its lane
// without waiting, and waits until nothing is in work.
func (q *Queue[T]) ShutDownWithDrain() { q.shutDown(true) }

// ShuttingDown tells whether the queue was shut down.
func (q *Queue[T]) ShuttingDown() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.stopping
}

func (q *Queue[T]) shutDown(drain bool) {
	q.mu.Lock()
	q.stopping, q.draining = true, drain
	q.ready.Broadcast()
	q.drained.Broadcast()
	for q.draining && len(q.working) > 0 {
		q.drained.Wait()
	}
	q.mu.Unlock()
	q.stopOnce.Do(func() { close(q.stop) })
	q.running.Wait()
	waitings.drop(q)
	q.unwatchLanes()
}

// unwatchLanes takes the queue's callbacks out of the buckets, which outlive it.
func (q *Queue[T]) unwatchLanes() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lanes {
		l.unwatch()
	}
}
