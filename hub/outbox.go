package hub

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// outboxWidth is how many statuses of one member are patched at once.
	outboxWidth = 4
	// The back-off of a member whose API server refuses or does not answer.
	firstBackoff   = time.Second
	longestBackoff = time.Minute
)

// outbox holds the objects of one member whose status has to be published. Its
// workers exist only while there is work, and a failure backs off the member as
// a whole, so an idle or dead member costs neither goroutines nor a timer per
// object.
type outbox struct {
	clock   clock.WithDelayedExecution
	group   *sync.WaitGroup
	publish func(ObjectID) (settled bool)

	mu      sync.Mutex
	closed  bool
	waiting []ObjectID
	state   map[ObjectID]outboxState
	workers int
	busy    int
	backoff time.Duration
	resume  clock.Timer
}

type outboxState int

const (
	outboxWaiting outboxState = iota
	outboxWorking
	// outboxAgain : it was added while a worker had it.
	outboxAgain
)

func newOutbox(clk clock.WithDelayedExecution, group *sync.WaitGroup, publish func(ObjectID) bool) *outbox {
	return &outbox{clock: clk, group: group, publish: publish, state: map[ObjectID]outboxState{}}
}

// add queues an object once.
func (b *outbox) add(id ObjectID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	state, known := b.state[id]
	switch {
	case b.closed:
	case !known:
		b.state[id] = outboxWaiting
		b.waiting = append(b.waiting, id)
		b.hire()
	case state == outboxWorking:
		b.state[id] = outboxAgain
	}
}

// close drops what waits. Workers end after the patch that they are at.
func (b *outbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	b.waiting = nil
	if b.resume != nil {
		b.resume.Stop()
	}
}

// hire starts workers for what waits, unless the member is backed off.
func (b *outbox) hire() {
	for b.resume == nil && b.workers < outboxWidth && b.workers-b.busy < len(b.waiting) {
		b.workers++
		b.group.Add(1)
		go b.work()
	}
}

func (b *outbox) work() {
	defer b.group.Done()
	for {
		id, ok := b.next()
		if !ok {
			return
		}
		b.done(id, b.publish(id))
	}
}

// next takes an object from the queue; ok is false when the worker is to end.
func (b *outbox) next() (id ObjectID, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed || b.resume != nil || len(b.waiting) == 0 {
		b.workers--
		return ObjectID{}, false
	}
	id = b.waiting[0]
	b.waiting = b.waiting[1:]
	b.state[id] = outboxWorking
	b.busy++
	return id, true
}

func (b *outbox) done(id ObjectID, settled bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy--
	again := b.state[id] == outboxAgain
	delete(b.state, id)
	if b.closed {
		return
	}
	if !settled || again {
		b.state[id] = outboxWaiting
		b.waiting = append(b.waiting, id)
	}
	switch {
	case settled:
		b.backoff = 0
	case b.resume == nil:
		b.backoff = min(max(2*b.backoff, firstBackoff), longestBackoff)
		b.resume = b.clock.AfterFunc(b.backoff, b.wake)
	}
}

// wake ends a back-off.
func (b *outbox) wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.resume = nil
	if !b.closed {
		b.hire()
	}
}
