package ratelimit

import (
	"iter"
	"time"
)

// cluster contains one cluster's items in one lane. It exists only while it is not empty.
type cluster[T comparable] struct {
	lane *lane[T]
	name string
	// namespaces contains the items that may leave and those that an exclusion holds back;
	// waiting counts both.
	namespaces namespaces[T]
	waiting    int
	place      seat
}

func (c *cluster[T]) seat() *seat { return &c.place }

func (c *cluster[T]) recheckAdded() time.Duration {
	return c.namespaces.roundRobin.rechecks[0].who.recheckAdded()
}

// namespace contains the waiting items of one namespace of a cluster.
type namespace[T comparable] struct {
	cluster *cluster[T]
	name    string
	// items contains those that may leave; waiting counts them and those that an exclusion
	// holds back.
	items   order[T]
	waiting int
	place   seat
}

func (n *namespace[T]) seat() *seat { return &n.place }

func (n *namespace[T]) recheckAdded() time.Duration { return n.items[PriorityRecheck].head.added }

// namespaces contains those of one cluster, in its lane or at an exclusion. They take turns.
type namespaces[T comparable] struct {
	// only is the single namespace, which is stored in own. byName is used instead once there
	// has been more than one: most clusters need no map.
	own        namespace[T]
	only       *namespace[T]
	byName     map[string]*namespace[T]
	roundRobin roundRobin[*namespace[T]]
}

// of returns a namespace, and makes it as the last in turn if there is none.
func (s *namespaces[T]) of(c *cluster[T], name string, turn int64) *namespace[T] {
	if n := s.get(name); n != nil {
		return n
	}
	if s.only == nil && s.byName == nil {
		s.own = namespace[T]{cluster: c, name: name, place: seat{turn: turn}}
		s.only = &s.own
		return s.only
	}
	if s.byName == nil {
		s.byName = map[string]*namespace[T]{s.only.name: s.only}
		s.only = nil
	}
	n := &namespace[T]{cluster: c, name: name, place: seat{turn: turn}}
	s.byName[name] = n
	return n
}

// get returns a namespace, nil where there is none.
func (s *namespaces[T]) get(name string) *namespace[T] {
	if s.only != nil && s.only.name == name {
		return s.only
	}
	return s.byName[name]
}

// drop removes a namespace without items.
func (s *namespaces[T]) drop(n *namespace[T]) {
	if s.only == n {
		s.only = nil
	}
	delete(s.byName, n.name)
}

// all iterates over the namespaces.
func (s *namespaces[T]) all() iter.Seq[*namespace[T]] {
	return func(yield func(*namespace[T]) bool) {
		if s.only != nil && !yield(s.only) {
			return
		}
		for _, n := range s.byName {
			if !yield(n) {
				return
			}
		}
	}
}

func (s *namespaces[T]) empty() bool { return s.only == nil && len(s.byName) == 0 }

// first returns the item that leaves next, nil where none may.
func (s *namespaces[T]) first(now time.Duration) *entry[T] {
	n, ok := s.roundRobin.first(now)
	if !ok {
		return nil
	}
	return n.items.first()
}

// file updates the place of a namespace whose items have changed.
func (s *namespaces[T]) file(n *namespace[T]) { s.roundRobin.file(n, n.items.holds()) }

// holds returns the kind of items in an order.
func (o *order[T]) holds() holding {
	for class := PriorityRecheck + 1; class < classes; class++ {
		if o[class].head != nil {
			return holdsWrites
		}
	}
	if o[PriorityRecheck].head != nil {
		return holdsRechecks
	}
	return holdsNothing
}

// nextTurn returns the number of the next turn.
func (q *Queue[T]) nextTurn() int64 {
	q.turn++
	return q.turn
}

// join counts an item in its lane, its cluster and its namespace.
func (q *Queue[T]) join(e *entry[T], r Route) {
	l := q.lane(r.Lane)
	c := l.clusters[r.Cluster]
	if c == nil {
		c = &cluster[T]{lane: l, name: r.Cluster, place: seat{turn: q.nextTurn()}}
		l.clusters[r.Cluster] = c
	}
	e.from = c.namespaces.of(c, r.Namespace, q.nextTurn())
	c.waiting++
	e.from.waiting++
	l.depth[e.class]++
}

// left counts an item of a class that has left a namespace for good, and removes what is empty
// then.
func (q *Queue[T]) left(n *namespace[T], class uint8) {
	c := n.cluster
	l := c.lane
	n.waiting--
	c.waiting--
	l.depth[class]--
	if n.waiting == 0 {
		c.namespaces.drop(n)
	}
	if c.waiting == 0 {
		delete(l.clusters, c.name)
	}
	if l.roundRobin.holds() == holdsNothing {
		q.idle(l)
	}
	if len(l.clusters) == 0 {
		q.forget(l)
	}
}

// line adds an item to the list of its class, from which it may leave. A cluster or a namespace
// that was empty keeps its place.
func (q *Queue[T]) line(e *entry[T], front bool) {
	n := e.from
	if front {
		n.items[e.class].pushFront(e)
	} else {
		n.items[e.class].push(e)
	}
	n.file()
	q.activate(n.cluster.lane)
}

// file updates the places of a namespace whose items have changed, and of its cluster.
func (n *namespace[T]) file() {
	c := n.cluster
	c.namespaces.file(n)
	c.lane.roundRobin.file(c, c.namespaces.roundRobin.holds())
}

// unline removes an item from the list that holds it.
func (q *Queue[T]) unline(e *entry[T]) {
	if e.held {
		q.release(e)
		return
	}
	e.from.items[e.class].remove(e)
	e.from.file()
}

// moveUp moves an item that waits to a class, with a place by its age if that is near the
// front. Otherwise it becomes the last of the class, unless it is so old that it leaves before
// any item that is added from now on: then it stays where it is.
func (q *Queue[T]) moveUp(e *entry[T], class uint8) {
	if e.class == class {
		return
	}
	n := e.from
	if e.held {
		n = q.exclusions[e.exclusion].at(e)
	}
	in := &n.items
	after, ok := in[class].place(e)
	if newest := rankOf(q.age(), class); !ok && e.rank() < newest {
		return
	}
	depth := &e.from.cluster.lane.depth
	in[e.class].remove(e)
	depth[e.class]--
	e.class = class
	depth[e.class]++
	if !ok {
		after = in[class].tail
	}
	in[class].pushAfter(after, e)
	if e.held {
		q.exclusions[e.exclusion].held[e.from.cluster].namespaces.file(n)
	} else {
		n.file()
	}
}

// head returns the item that leaves a lane next, nil where none may.
func (q *Queue[T]) head(l *lane[T]) *entry[T] {
	now := q.age()
	for {
		c, ok := l.roundRobin.first(now)
		if !ok {
			return nil
		}
		e := c.namespaces.first(now)
		if !q.holdBack(e) {
			return e
		}
	}
}

// endTurn ends the turn of an item's cluster and namespace.
func (q *Queue[T]) endTurn(e *entry[T]) {
	c, turn := e.from.cluster, q.nextTurn()
	c.namespaces.roundRobin.take(e.from, turn)
	c.lane.roundRobin.take(c, turn)
}
