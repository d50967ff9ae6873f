package ratelimit

import (
	"container/list"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// QueueOptions are what a Queue is made of.
type QueueOptions[T comparable] struct {
	// Metrics reports whether the queue_* metrics have the queue's lanes.
	Metrics bool
	// Route is asked each time that an item is added, and again when an item that
	// was added while it was in work is done. The queue holds no lock then, so
	// Route may take some, and may use the queue. Unset, no item has anything to pay.
	Route func(T) Route
	// Installations pay for what leaves. They have to tell time by the same Clock.
	Installations *Installations
	// Clock defaults to the real one.
	Clock clock.WithTicker
	// Notice, where it is set, is told of the items that have to wait for more than
	// half a minute or whose SCM has not answered for that long: every ten seconds, of each only
	// when it becomes another one of these: less than ten minutes, less than an
	// hour, more, and no answer. At most 1000 come at once. The queue holds no lock
	// then, but its delays wait, so Notice must not block. An item may have left its
	// lane just before.
	Notice func([]Notice[T])
	// RateLimiter defaults to client-go's for controllers.
	RateLimiter workqueue.TypedRateLimiter[T]
}

// Queue is a workqueue with a lane for each installation. An item leaves its
// lane only with a Slot that pays for its first request. A lane that cannot pay
// is passed over until it can, without a worker that waits for it and without
// holding up another lane.
//
// Otherwise it is client-go's workqueue: an item is in it at most once, and is in
// work at most once; one that is added while it is in work is queued again when
// it is done. It differs in one thing: after ShutDown nothing more is handed out.
type Queue[T comparable] struct {
	options QueueOptions[T]
	// started is what the age of items is counted from.
	started time.Time

	mu sync.Mutex
	// ready wakes workers, drained those who wait for the last Done.
	ready, drained *sync.Cond

	lanes   map[string]*lane[T]
	turns   *list.List // lanes in turn, the next one in front
	parked  *ordered[*lane[T]]
	waiting map[T]*entry[T]
	working map[T]*work[T]
	// turn is the number of the last turn of a cluster or a namespace.
	turn int64
	// exclusions are those that may hold something back.
	exclusions map[string]*exclusion[T]

	delays delays[T]
	// notifyAt is when items are told of next, zero when none waits in a lane that
	// has a name.
	notifyAt time.Time

	stopping, draining bool
	// asked counts the times that Route was about to be asked.
	asked atomic.Uint32

	armed    chan struct{}
	stop     chan struct{}
	stopOnce sync.Once
	running  sync.WaitGroup
}

var _ workqueue.TypedRateLimitingInterface[string] = &Queue[string]{}

// NewQueue makes a queue and starts its timer, which ends with ShutDown.
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

// age is the time by which items are ordered.
func (q *Queue[T]) age() time.Duration { return q.options.Clock.Since(q.started) }

// Add queues an item now. An item that waits already keeps its age, takes the
// higher of both priorities, and moves to where Route says it belongs now.
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
