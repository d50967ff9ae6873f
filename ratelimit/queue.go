package ratelimit

import (
	"container/list"
	"sync"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
)

// Route says where an item waits.
type Route struct {
	// Lane is the id of the installation that pays for the item. An item of the
	// lane "" has nothing to pay and leaves as soon as a worker is free.
	Lane string
	// Cluster is the member that the item comes from.
	Cluster string
	// Priority is the item's class in its lane: the higher leaves first.
	Priority int
	// Exclusion, unless empty, keeps the item in its lane while another one with
	// the same Exclusion is in work.
	Exclusion string
}

// QueueOptions are what a Queue is made of.
type QueueOptions[T comparable] struct {
	// Name names the queue in the workqueue_* metrics; without one there are none.
	Name string
	// Route is asked each time that an item is added, and again when an item that
	// was added while it was in work is done. The queue holds no lock then, so
	// Route may take some, and may use the queue. Unset, no item has anything to pay.
	Route func(T) Route
	// Installations pay for what leaves. They have to tell time by the same Clock.
	Installations *Installations
	// Clock defaults to the real one.
	Clock clock.WithTicker
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

	mu sync.Mutex
	// ready wakes workers, drained those who wait for the last Done.
	ready, drained *sync.Cond

	lanes   map[string]*lane[T]
	turns   *list.List // lanes in turn, the next one in front
	parked  *ordered[*lane[T]]
	waiting map[T]*entry[T]
	working map[T]*work
	seq     uint64
	// excluding are the exclusions in work, excluded the items that they hold
	// back. Where an exclusion holds items back and is not in work itself, one
	// item that has it is in a lane.
	excluding map[string]struct{}
	excluded  map[string]*ordered[*entry[T]]

	delays  delays[T]
	metrics *gauges[T]

	stopping, draining bool

	armed    chan struct{}
	stop     chan struct{}
	stopOnce sync.Once
	running  sync.WaitGroup
}

// work is an item in work.
type work struct {
	slot      *Slot
	exclusion string
	again     bool
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
		waiting:   map[T]*entry[T]{},
		working:   map[T]*work{},
		excluding: map[string]struct{}{},
		excluded:  map[string]*ordered[*entry[T]]{},
		delays:    newDelays[T](),
		metrics:   newGauges[T](o.Name, o.Clock),
		armed:     make(chan struct{}, 1),
		stop:      make(chan struct{}),
	}
	q.ready, q.drained = sync.NewCond(&q.mu), sync.NewCond(&q.mu)
	q.running.Add(1)
	go q.run()
	return q
}

// Add queues an item now. An item that waits already keeps its age, takes the
// higher of both priorities, and moves to where Route says it belongs now.
func (q *Queue[T]) Add(item T) {
	route := q.options.Route(item)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopping {
		return
	}
	q.delays.drop(item)
	if w, ok := q.working[item]; ok {
		if !w.again {
			w.again = true
			q.metrics.add(item)
		}
		return
	}
	e, ok := q.waiting[item]
	if !ok {
		q.metrics.add(item)
		q.enqueue(item, route)
		return
	}
	q.reroute(e, route)
}

// enqueue puts an item that does not wait into its lane.
func (q *Queue[T]) enqueue(item T, route Route) {
	q.seq++
	e := &entry[T]{item: item, route: route, seq: q.seq}
	q.waiting[item] = e
	q.insert(e)
}

func (q *Queue[T]) insert(e *entry[T]) {
	l := q.lane(e.route.Lane)
	l.waiting++
	q.place(e, l.items)
	q.activate(l)
}

// reroute moves an item that waits to where it belongs now.
func (q *Queue[T]) reroute(e *entry[T], route Route) {
	old := e.route
	route.Priority = max(route.Priority, old.Priority)
	if old.Lane == route.Lane && old.Exclusion == route.Exclusion {
		e.route = route
		e.in.fix(e.index)
		return
	}
	held := q.excluded[old.Exclusion]
	e.in.remove(e.index)
	switch _, busy := q.excluding[old.Exclusion]; {
	case held != nil && held.len() == 0:
		delete(q.excluded, old.Exclusion)
	case held != nil && !busy:
		q.promote(old.Exclusion)
	}
	q.left(q.lanes[old.Lane])
	e.route = route
	q.insert(e)
}

// Get waits until an item can leave its lane. After ShutDown it returns at once.
func (q *Queue[T]) Get() (item T, shutdown bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if q.stopping && !q.draining {
			return item, true
		}
		if e, slot, ok := q.next(q.options.Clock.Now()); ok {
			q.start(e, slot)
			return e.item, false
		}
		if q.stopping {
			return item, true
		}
		q.ready.Wait()
	}
}

// start notes that an item is in work, and wakes another worker where more can leave.
func (q *Queue[T]) start(e *entry[T], slot *Slot) {
	delete(q.waiting, e.item)
	q.working[e.item] = &work{slot: slot, exclusion: e.route.Exclusion}
	if e.route.Exclusion != "" {
		q.excluding[e.route.Exclusion] = struct{}{}
	}
	q.metrics.get(e.item)
	if q.turns.Len() > 0 {
		q.ready.Signal()
	}
}

// Done ends the work on an item, and its slot. An item that was added meanwhile
// is queued again.
func (q *Queue[T]) Done(item T) {
	again, slot := q.again(item)
	if slot != nil {
		slot.done(q.options.Clock.Now())
	}
	var route Route
	if again {
		route = q.options.Route(item)
	}
	for !q.finish(item, again, route) {
		again, route = true, q.options.Route(item)
	}
}

// again tells whether an item in work was added meanwhile.
func (q *Queue[T]) again(item T) (again bool, slot *Slot) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w, ok := q.working[item]; ok {
		return w.again, w.slot
	}
	return false, nil
}

// finish takes an item out of work. It returns false, and does nothing, where the
// item has to be queued again and route is not known.
func (q *Queue[T]) finish(item T, routed bool, route Route) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w, ok := q.working[item]
	if !ok {
		return true
	}
	if w.again && !routed {
		return false
	}
	delete(q.working, item)
	q.metrics.done(item)
	if w.exclusion != "" {
		delete(q.excluding, w.exclusion)
		q.promote(w.exclusion)
	}
	if w.again {
		q.enqueue(item, route)
	}
	if len(q.working) == 0 {
		q.drained.Broadcast()
	}
	return true
}
