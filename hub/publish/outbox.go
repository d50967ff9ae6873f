package publish

import (
	"container/heap"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

const (
	// outboxWidth is how many statuses of one member are patched at once.
	outboxWidth = 4
	// outboxCrowd is how many statuses of one member wait when there are many: what a busy
	// member comes to only in a storm.
	outboxCrowd = 50
	// The back-off of a member that does not answer, and of an object that it refuses.
	firstBackoff   = time.Second
	longestBackoff = time.Minute
	longestRefusal = 5 * time.Minute
)

// outbox holds the objects of one member whose status has to be published. Its
// workers exist only while there is work. A member that does not answer is backed
// off as a whole, so a dead one is not asked once per object; an object that is
// refused waits on its own, so it holds up no other. Two timers serve them all.
type outbox struct {
	clock   clock.WithDelayedExecution
	group   *sync.WaitGroup
	publish func(ledger.ObjectID, try) result

	mu      sync.Mutex
	closed  bool
	letters map[ledger.ObjectID]*letter
	waiting []*letter
	delayed delayed
	workers int
	busy    int
	// resume ends the member's back-off; nil without one.
	resume  clock.Timer
	backoff time.Duration
	// alarm rings when the first of those delayed is due; nil when a worker is to
	// look, which sets it anew.
	alarm clock.Timer
	rings time.Time
}

func newOutbox(clk clock.WithDelayedExecution, group *sync.WaitGroup, publish func(ledger.ObjectID, try) result) *outbox {
	return &outbox{clock: clk, group: group, publish: publish, letters: map[ledger.ObjectID]*letter{}}
}

// add queues an object once. One that was refused or held is looked at at once: what is to
// be published, or the object, may be another now.
func (b *outbox) add(id ledger.ObjectID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.letters[id]
	switch {
	case b.closed:
	case l == nil:
		l = &letter{id: id}
		b.letters[id] = l
		b.queue(l)
	case l.state == letterWorking:
		l.state = letterAgain
	case l.state == letterDelayed:
		heap.Remove(&b.delayed, l.index)
		b.queue(l)
	}
}

// retry queues those of the objects that were refused: what was in their way is gone.
func (b *outbox) retry(these func(ledger.ObjectID) bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.letters {
		if l.state == letterDelayed && l.backoff > 0 && these(l.id) {
			l.refused = 0
			heap.Remove(&b.delayed, l.index)
			b.queue(l)
		}
	}
}

// crowded reports whether many objects wait for a worker.
func (b *outbox) crowded() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.letters)-len(b.delayed) > outboxCrowd
}

// size is how many objects are not done with.
func (b *outbox) size() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.letters)
}

// close drops what waits. Workers end after the patch that they are at.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.waiting, b.delayed, b.letters = nil, nil, nil
	for _, timer := range []clock.Timer{b.resume, b.alarm} {
		if timer != nil {
			timer.Stop()
		}
	}
}

func (b *outbox) queue(l *letter) {
	l.state = letterWaiting
	b.waiting = append(b.waiting, l)
	b.hire()
}

// hire starts workers for what is ready, unless the member is backed off.
func (b *outbox) hire() {
	for !b.closed && b.resume == nil && b.workers < outboxWidth && b.workers-b.busy < b.ready() {
		b.workers++
		b.group.Add(1)
		go b.work()
	}
}

// ready is how many workers would find something to do, at least.
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

// next takes an object, nil when the worker is to end.
func (b *outbox) next() (l *letter, t try) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.closed && b.resume == nil {
		l = b.pick()
	}
	if l == nil {
		b.workers--
		return nil, try{}
	}
	l.state = letterWorking
	b.busy++
	b.hire() // for others that are due
	t.again = l.backoff > 0
	if t.again && b.clock.Now().Before(l.due) {
		t.refused = l.refused
	}
	return l, t
}

// pick takes what waits before what was refused and is due, so that many that are
// refused over and over delay nobody.
func (b *outbox) pick() *letter {
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

func (b *outbox) done(l *letter, r result) {
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
	case r.outcome == unserved, l.state == letterAgain:
		l.state = letterWaiting
		b.waiting = append(b.waiting, l)
	case r.outcome != finished:
		l.state = letterDelayed
		heap.Push(&b.delayed, l)
	default:
		delete(b.letters, l.id)
		if len(b.letters) == 0 {
			b.letters, b.waiting = map[ledger.ObjectID]*letter{}, nil // they keep the memory of the most that there were
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

// wake ends the member's back-off.
func (b *outbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resume = nil
	b.hire()
}

// ring has a worker look for what is due.
func (b *outbox) ring() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.alarm = nil
	b.hire()
}
