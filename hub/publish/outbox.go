package publish

import (
	"container/heap"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

const (
	// outboxWidth is the number of statuses of one member that are patched at once.
	outboxWidth = 4
	// outboxBacklog is the number of waiting statuses of one member above which few events are
	// made. A busy member reaches it only in a storm.
	outboxBacklog = 50
	// The back-off of a member that does not respond, and of an object that it refuses.
	firstBackoff   = time.Second
	longestBackoff = time.Minute
	longestRefusal = 5 * time.Minute
)

// outbox contains the objects of one member whose status has to be published. Its workers exist
// only while there is work. A member that does not respond is backed off as a whole, so it gets
// no request for each object; a refused object is backed off alone, so it blocks no other. Two
// timers serve them all.
type outbox struct {
	clock   clock.WithDelayedExecution
	group   *sync.WaitGroup
	publish func(ledger.ObjectID, try) result

	mu      sync.Mutex
	closed  bool
	items   map[ledger.ObjectID]*item
	waiting []*item
	delayed delayed
	workers int
	busy    int
	// resume is the timer that ends the member's back-off; nil without one.
	resume  clock.Timer
	backoff time.Duration
	// alarm fires when the first delayed object is due; nil when a worker has to look, which
	// sets it again. rings is its time.
	alarm clock.Timer
	rings time.Time
}

func newOutbox(clk clock.WithDelayedExecution, group *sync.WaitGroup, publish func(ledger.ObjectID, try) result) *outbox {
	return &outbox{clock: clk, group: group, publish: publish, items: map[ledger.ObjectID]*item{}}
}

// add queues an object once. An object that was refused or held is tried at once: its status,
// or the object, may have changed.
func (b *outbox) add(id ledger.ObjectID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.items[id]
	switch {
	case b.closed:
	case l == nil:
		l = &item{id: id}
		b.items[id] = l
		b.queue(l)
	case l.state == itemWorking:
		l.state = itemDirty
	case l.state == itemDelayed:
		heap.Remove(&b.delayed, l.index)
		b.queue(l)
	}
}

// retry queues those of the objects that were refused: the cause is gone.
func (b *outbox) retry(these func(ledger.ObjectID) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.items {
		if l.state == itemDelayed && l.backoff > 0 && these(l.id) {
			l.refused = 0
			heap.Remove(&b.delayed, l.index)
			b.queue(l)
		}
	}
}

// backlogged reports whether many objects wait for a worker.
func (b *outbox) backlogged() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)-len(b.delayed) > outboxBacklog
}

// size returns the number of objects that are not finished.
func (b *outbox) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.items)
}

// close drops all waiting objects. Workers end after their present patch.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.waiting, b.delayed, b.items = nil, nil, nil
	for _, timer := range []clock.Timer{b.resume, b.alarm} {
		if timer != nil {
			timer.Stop()
		}
	}
}

func (b *outbox) queue(l *item) {
	l.state = itemWaiting
	b.waiting = append(b.waiting, l)
	b.hire()
}

// hire starts workers for the objects that are ready, unless the member is backed off.
func (b *outbox) hire() {
	for !b.closed && b.resume == nil && b.workers < outboxWidth && b.workers-b.busy < b.ready() {
		b.workers++
		b.group.Add(1)
		go b.work()
	}
}

// ready returns how many workers would find something to do, at least.
func (b *outbox) ready() int {
	if b.alarm == nil && len(b.delayed) > 0 {
		return len(b.waiting) + 1
	}
	return len(b.waiting)
}

func (b *outbox) work() {
	defer b.group.Done()
	for {
		l, t := b.next()
		if l == nil {
			return
		}
		b.done(l, b.publish(l.id, t))
	}
}

// next returns an object for a worker, nil when the worker has to end.
func (b *outbox) next() (l *item, t try) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed && b.resume == nil {
		l = b.pick()
	}
	if l == nil {
		b.workers--
		return nil, try{}
	}
	l.state = itemWorking
	b.busy++
	b.hire() // for others that are due
	t.again = l.backoff > 0
	if t.again && b.clock.Now().Before(l.due) {
		t.refused = l.refused
	}
	return l, t
}

// pick returns a waiting object, or else a refused one that is due, so that objects that are
// always refused delay no others.
func (b *outbox) pick() *item {
	if len(b.waiting) > 0 {
		l := b.waiting[0]
		b.waiting = b.waiting[1:]
		return l
	}
	if len(b.delayed) == 0 {
		return nil
	}
	first, now := b.delayed[0], b.clock.Now()
	if !first.due.After(now) {
		heap.Pop(&b.delayed)
		return first
	}
	if b.alarm != nil && first.due.Before(b.rings) {
		b.alarm.Stop()
		b.alarm = nil
	}
	if b.alarm == nil {
		b.rings = first.due
		b.alarm = b.clock.AfterFunc(first.due.Sub(now), b.ring)
	}
	return nil
}

func (b *outbox) done(l *item, r result) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	if b.closed {
		return
	}
	switch r.outcome {
	case finished, held:
		l.backoff, l.due = 0, r.until
	case refused:
		l.backoff = longer(l.backoff, longestRefusal)
		l.due, l.refused = b.clock.Now().Add(l.backoff), r.refused
	}
	switch {
	case r.outcome == unserved, l.state == itemDirty:
		l.state = itemWaiting
		b.waiting = append(b.waiting, l)
	case r.outcome != finished:
		l.state = itemDelayed
		heap.Push(&b.delayed, l)
	default:
		delete(b.items, l.id)
		if len(b.items) == 0 {
			b.items, b.waiting = map[ledger.ObjectID]*item{}, nil // they keep the memory of the most that there were
		}
	}
	switch {
	case r.outcome != unserved:
		b.backoff = 0
	case b.resume == nil:
		b.backoff = longer(b.backoff, longestBackoff)
		b.resume = b.clock.AfterFunc(b.backoff, b.wake)
	}
}

func longer(backoff, longest time.Duration) time.Duration {
	return min(max(2*backoff, firstBackoff), longest)
}

// wake ends the member's back-off and starts workers.
func (b *outbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resume = nil
	b.hire()
}

// ring starts a worker for the delayed objects that are due.
func (b *outbox) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alarm = nil
	b.hire()
}
