package ratelimit

import "container/list"

// cluster is what one cluster has waiting in one lane. It exists only while
// something does.
type cluster[T comparable] struct {
	lane *lane[T]
	name string
	// items may leave; waiting counts them and those that an exclusion holds back.
	items   order[T]
	waiting int
	// turn is the cluster's place in its lane's ring, nil when none of its items
	// may leave.
	turn *list.Element
}

// join counts an item in its lane and its cluster.
func (q *Queue[T]) join(e *entry[T], r Route) {
	l := q.lane(r.Lane)
	c := l.clusters[r.Cluster]
	if c == nil {
		c = &cluster[T]{lane: l, name: r.Cluster}
		l.clusters[r.Cluster] = c
	}
	e.cluster = c
	c.waiting++
	l.depth[e.class]++
}

// left is called when an item has left the lists of its cluster for good. What is
// empty then is forgotten.
func (q *Queue[T]) left(e *entry[T]) {
	c := e.cluster
	l := c.lane
	c.waiting--
	l.depth[e.class]--
	if c.waiting == 0 {
		delete(l.clusters, c.name)
	}
	if l.ring.Len() == 0 {
		q.idle(l)
	}
	if len(l.clusters) == 0 {
		q.forget(l)
	}
}

// line puts an item into the list of its class, from which it may leave. A
// cluster that had none there gets its turn after all others.
func (q *Queue[T]) line(e *entry[T], front bool) {
	c := e.cluster
	if front {
		c.items[e.class].pushFront(e)
	} else {
		c.items[e.class].push(e)
	}
	if c.turn == nil {
		c.turn = c.lane.ring.PushBack(c)
	}
	q.activate(c.lane)
}

// unline takes an item out of the list that holds it.
func (q *Queue[T]) unline(e *entry[T]) {
	if e.held {
		q.exclusions[e.exclusion].held[e.class].remove(e)
		e.held = false
		return
	}
	c := e.cluster
	c.items[e.class].remove(e)
	if c.items.empty() {
		c.lane.ring.Remove(c.turn)
		c.turn = nil
	}
}

// moveUp gives an item that waits its class, and a place there by its age if that is
// near the front; else it is the last, unless it is so old that it leaves before any
// that is added from now on: then nothing is better than where it is.
func (q *Queue[T]) moveUp(e *entry[T], class uint8) {
	if e.class == class {
		return
	}
	in := &e.cluster.items
	if e.held {
		in = &q.exclusions[e.exclusion].held
	}
	after, ok := in[class].place(e)
	if newest := rankOf(q.age(), class); !ok && e.rank() < newest {
		return
	}
	in[e.class].remove(e)
	e.cluster.lane.depth[e.class]--
	e.class = class
	e.cluster.lane.depth[e.class]++
	if !ok {
		after = in[class].tail
	}
	in[class].pushAfter(after, e)
}

// head is the item that leaves a lane next, nil where none may. A cluster that has
// only re-checks lets others that have more go first, without loss of its place, so that
// those take only what no write waits for; one that has waited for long is overtaken no
// more.
func (q *Queue[T]) head(l *lane[T]) (recheck *entry[T]) {
	for at := l.ring.Front(); at != nil; {
		c, next := at.Value.(*cluster[T]), at.Next()
		e := q.passOver(c)
		switch {
		case e == nil:
		case e.class > PriorityRecheck, l.writes() == 0, q.age()-e.added > ageStep:
			return e
		case recheck == nil:
			recheck = e
		}
		at = next
	}
	return recheck
}

// writes is how many items wait in a lane that are no re-checks.
func (l *lane[T]) writes() (n int) {
	for _, d := range l.depth[PriorityRecheck+1:] {
		n += d
	}
	return n
}
