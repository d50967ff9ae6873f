package ratelimit

// ShutDown ends the queue: Get returns at once, new items are ignored, and waiting ones are
// dropped. It returns when the timer has ended.
func (q *Queue[T]) ShutDown() { q.shutDown(false) }

// ShutDownWithDrain is ShutDown, but first returns the items that can leave their lanes without
// waiting, and waits until no item is in work.
func (q *Queue[T]) ShutDownWithDrain() { q.shutDown(true) }

// ShuttingDown reports whether the queue was shut down.
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

// unwatchLanes removes the queue's callbacks from the buckets, which outlive it.
func (q *Queue[T]) unwatchLanes() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lanes {
		l.unwatch()
	}
}
