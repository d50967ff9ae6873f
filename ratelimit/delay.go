package ratelimit

import "time"

// delayed is an item that will be added at a later time.
type delayed[T comparable] struct {
	item  T
	due   time.Time
	index int
}

// delays holds the items that will be added at a later time, each at most once.
type delays[T comparable] struct {
	byItem map[T]*delayed[T]
	order  *ordered[*delayed[T]]
}

func newDelays[T comparable]() delays[T] {
	return delays[T]{
		byItem: map[T]*delayed[T]{},
		order: &ordered[*delayed[T]]{
			less:  func(a, b *delayed[T]) bool { return a.due.Before(b.due) },
			moved: func(d *delayed[T], i int) { d.index = i },
		},
	}
}

// add reports whether the item is now the first that is due, and schedules it for due unless it
// is scheduled earlier already.
func (d *delays[T]) add(item T, due time.Time) (first bool) {
	each, ok := d.byItem[item]
	switch {
	case !ok:
		each = &delayed[T]{item: item, due: due}
		d.byItem[item] = each
		d.order.push(each)
	case due.Before(each.due):
		each.due = due
		d.order.fix(each.index)
	default:
		return false
	}
	return each.index == 0
}

// drop removes an item.
func (d *delays[T]) drop(item T) {
	if each, ok := d.byItem[item]; ok {
		d.order.remove(each.index)
		delete(d.byItem, item)
	}
}

// take removes and returns the items that are due.
func (d *delays[T]) take(now time.Time) (due []T) {
	for d.order.len() > 0 && !d.order.first().due.After(now) {
		item := d.order.first().item
		d.drop(item)
		due = append(due, item)
	}
	return due
}

// AddAfter adds an item after a time. Of several times the earliest counts, and an Add in the
// meantime replaces them.
func (q *Queue[T]) AddAfter(item T, after time.Duration) {
	if !q.delay(item, after) {
		q.Add(item)
	}
}

// delay reports whether the item was scheduled, or needs no adding since the queue is shut
// down. It returns false where the item has to be added now.
func (q *Queue[T]) delay(item T, after time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopping {
		return true
	}
	if after <= 0 {
		return false
	}
	if q.delays.add(item, q.options.Clock.Now().Add(after)) {
		q.rearm()
	}
	return true
}

// AddRateLimited adds an item after its own back-off, as the rate limiter computes it. It is
// independent of the installation's budget.
func (q *Queue[T]) AddRateLimited(item T) {
	q.AddAfter(item, q.options.RateLimiter.When(item))
}

// Forget resets an item's back-off.
func (q *Queue[T]) Forget(item T) { q.options.RateLimiter.Forget(item) }

// NumRequeues returns how often an item was added with a back-off.
func (q *Queue[T]) NumRequeues(item T) int { return q.options.RateLimiter.NumRequeues(item) }

// rearm wakes the timer's goroutine because an item is due earlier than all others.
func (q *Queue[T]) rearm() {
	select {
	case q.armed <- struct{}{}:
	default:
	}
}

// run adds the items that are due, reactivates parked lanes and sends notices about waits, with
// one timer for all.
func (q *Queue[T]) run() {
	defer q.running.Done()
	for {
		now := q.options.Clock.Now()
		q.notify(now)
		due, next := q.due(now)
		for _, item := range due {
			q.Add(item)
		}
		if !q.sleepUntil(next) {
			return
		}
	}
}

// due removes and returns the items that are due at now, and returns the time of the next; zero
// means never.
func (q *Queue[T]) due(now time.Time) (items []T, next time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items = q.delays.take(now)
	for q.parked.len() > 0 && !q.parked.first().retryAt.After(now) {
		l := q.parked.first()
		q.parked.remove(0)
		q.activate(l)
	}
	next = q.notifyAt
	if q.delays.order.len() > 0 {
		next = earlier(next, q.delays.order.first().due)
	}
	if q.parked.len() > 0 {
		next = earlier(next, q.parked.first().retryAt)
	}
	return items, next
}

// earlier returns the first of two times; zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// sleepUntil reports whether the queue still runs. It returns when next has come, when another
// time may be due before it, or when the queue is shut down.
func (q *Queue[T]) sleepUntil(next time.Time) bool {
	var fired <-chan time.Time
	if !next.IsZero() {
		started := q.options.Clock.Now()
		if !next.After(started) {
			return true
		}
		timer := q.options.Clock.NewTimer(next.Sub(started))
		defer timer.Stop()
		// A clock that jumped before the timer was made would be missed.
		if q.options.Clock.Since(started) > time.Millisecond {
			return true
		}
		fired = timer.C()
	}
	select {
	case <-q.stop:
		return false
	case <-q.armed:
	case <-fired:
	}
	return true
}
