package ratelimit

import "time"

// delayed is an item that is added later.
type delayed[T comparable] struct {
	item  T
	due   time.Time
	index int
}

// delays holds the items that are added later, at most once each.
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

// add has an item added at due, unless it is added earlier anyway. It returns
// whether that is now the first of all.
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

// drop forgets an item.
func (d *delays[T]) drop(item T) {
	if each, ok := d.byItem[item]; ok {
		d.order.remove(each.index)
		delete(d.byItem, item)
	}
}

// take removes the items that are due.
func (d *delays[T]) take(now time.Time) (due []T) {
	for d.order.len() > 0 && !d.order.first().due.After(now) {
		item := d.order.first().item
		d.drop(item)
		due = append(due, item)
	}
	return due
}

// AddAfter adds an item once a time has passed. The earliest of several is in
// force, and an Add in the meantime takes its place.
func (q *Queue[T]) AddAfter(item T, after time.Duration) {
	if !q.delay(item, after) {
		q.Add(item)
	}
}

// delay returns false where the item is to be added now.
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

// AddRateLimited adds an item once the rate limiter says so. That is the
// back-off of the item itself; its installation's budget is the lane's business.
func (q *Queue[T]) AddRateLimited(item T) {
	q.AddAfter(item, q.options.RateLimiter.When(item))
}

// Forget ends an item's back-off.
func (q *Queue[T]) Forget(item T) { q.options.RateLimiter.Forget(item) }

// NumRequeues is how often an item was added with a back-off.
func (q *Queue[T]) NumRequeues(item T) int { return q.options.RateLimiter.NumRequeues(item) }

// rearm tells the timer's goroutine that something is due before all else.
func (q *Queue[T]) rearm() {
	select {
	case q.armed <- struct{}{}:
	default:
	}
}

// run adds what is due, ends the parking of lanes and tells of waits, with one
// timer for all.
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

// due takes what is due at now, and returns when the next is; zero is never.
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

// earlier is the first of two times; zero is never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// sleepUntil returns false when the queue is shut down, and else when next has
// come or something may be due before it.
func (q *Queue[T]) sleepUntil(next time.Time) bool {
	var fired <-chan time.Time
	if !next.IsZero() {
		started := q.options.Clock.Now()
		if !next.After(started) {
			return true
		}
		timer := q.options.Clock.NewTimer(next.Sub(started))
		defer timer.Stop()
		// A clock that has jumped before the timer was made would be missed.
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
