package ratelimit

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// QueueOptions are the options of NewQueue.
type QueueOptions[T comparable] struct {
	// Metrics reports whether the queue_* metrics include the queue's lanes.
	Metrics bool
	// Route is called each time that an item is added, and again when an item that was added
	// while it was in work is done. The queue holds no lock then, so Route may take locks and
	// may use the queue. Unset, no item has anything to pay.
	Route func(T) Route
	// Installations pay for the items that leave. They have to use the same Clock.
	Installations *Installations
	// Clock defaults to the real one.
	Clock clock.WithTicker
	// Notice, if set, is called every ten seconds with the items that have to wait for more
	// than half a minute, or whose SCM has not responded for that long. An item is included
	// only when its class changes: less than ten minutes, less than an hour, more, and no
	// response. One call has at most 1000 items. The queue holds no lock then, but its delays
	// wait, so Notice must not block. An item may have left its lane just before.
	Notice func([]Notice[T])
	// RateLimiter defaults to client-go's for controllers.
	RateLimiter workqueue.TypedRateLimiter[T]
}

// Queue is a workqueue with a lane for each installation. An item leaves its lane only with a
// Slot that pays for its first request. A lane that cannot pay is skipped until it can: no
// worker waits for it, and it does not block another lane.
//
// Otherwise it is client-go's workqueue: an item is in it at most once and in work at most
// once; an item that is added while it is in work is queued again when it is done. It differs
// in one way: after ShutDown it returns no more items.
type Queue[T comparable] struct {
	options QueueOptions[T]
	// started is the time from which the age of items is counted.
	started time.Time

	mu sync.Mutex
	// ready wakes workers; drained wakes ShutDownWithDrain after the last Done.
	ready, drained *sync.Cond

	lanes   map[string]*lane[T]
	turns   *list.List // lanes in turn, the next one in front
	parked  *ordered[*lane[T]]
	waiting map[T]*entry[T]
	working map[T]*work[T]
	// turn is the number of the last turn of a cluster or a namespace.
	turn int64
	// exclusions contains those that may hold an item back.
	exclusions map[string]*exclusion[T]

	delays delays[T]
	// notifyAt is the time of the next round of notices, zero when no lane with a name has
	// items.
	notifyAt time.Time

	stopping, draining bool
	// asked counts the calls of Route.
	asked atomic.Uint32

	armed    chan struct{}
	stop     chan struct{}
	stopOnce sync.Once
	running  sync.WaitGroup
}

var _ workqueue.TypedRateLimitingInterface[string] = &Queue[string]{}

// NewQueue returns a queue and starts its timer, which ends with ShutDown.
func NewQueue[T comparable](o QueueOptions[T]) *Queue[T] {
	if o.Clock == nil {
		o.Clock = clock.RealClock{}
	}
	if o.RateLimiter == nil {
		o.RateLimiter = workqueue.DefaultTypedControllerRateLimiter[T]()
	}
	if o.Installations == nil {
		o.Installations = NewInstallations(o.Clock)
	}
	if o.Route == nil {
		o.Route = func(T) Route { return Route{} }
	}
	q := &Queue[T]{
		options: o,
		lanes:   map[string]*lane[T]{},
		turns:   list.New(),
		parked: &ordered[*lane[T]]{
			less:  func(a, b *lane[T]) bool { return a.retryAt.Before(b.retryAt) },
			moved: func(l *lane[T], i int) { l.parked = i },
		},
		waiting:    map[T]*entry[T]{},
		working:    map[T]*work[T]{},
		exclusions: map[string]*exclusion[T]{},
		started:    o.Clock.Now(),
		delays:     newDelays[T](),
		armed:      make(chan struct{}, 1),
		stop:       make(chan struct{}),
	}
	q.ready, q.drained = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	if o.Metrics {
		waitings.add(q)
	}
	q.running.Add(1)
	go q.run()
	return q
}

// age returns the time by which items are ordered.
func (q *Queue[T]) age() time.Duration { return q.options.Clock.Since(q.started) }

// Add queues an item now. An item that waits already keeps its age, takes the higher of both
// priorities, and moves to the place that Route returns now.
func (q *Queue[T]) Add(item T) {
	asked := q.ask()
	route := q.options.Route(item)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopping {
		return
	}
	q.delays.drop(item)
	if w, ok := q.working[item]; ok {
		q.markDirty(w, asked)
		return
	}
	if e := q.waiting[item]; e != nil {
		if !e.routed.after(asked) {
			e.routed = asked
			q.reroute(e, route)
		}
		return
	}
	e := &entry[T]{item: item, added: q.age(), routed: asked}
	q.insert(e, route)
}

// Get waits until an item can leave its lane. After ShutDown it returns at once.
func (q *Queue[T]) Get() (item T, shutdown bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.stopping && !q.draining {
			return item, true
		}
		now := q.options.Clock.Now()
		if e, slot, ok := q.next(now); ok {
			q.start(e, slot, now)
			return e.item, false
		}
		if q.stopping {
			return item, true
		}
		q.ready.Wait()
	}
}
