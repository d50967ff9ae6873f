package ratelimit

// Route is the place where an item waits.
type Route struct {
	// Lane is the id of the installation that pays for the item. An item of the lane "" has
	// nothing to pay and leaves as soon as a worker is free.
	Lane string
	// Cluster is the item's member. Clusters take turns in a lane.
	Cluster string
	// Namespace is the item's namespace in its cluster. In a cluster's turn its namespaces take
	// turns.
	Namespace string
	// Priority is the item's class among those of its namespace, from PriorityRecheck
	// to PriorityTerminal: the higher leaves first, unless a lower one has waited
	// ten minutes longer for each class between them.
	Priority int
	// Exclusion, unless empty, keeps the item in its lane while another one with
	// the same Exclusion is in work.
	Exclusion string
}

// ticket orders the calls of Route. Route is called without a lock, so an older result may
// arrive after a newer one and must not replace it.
type ticket uint32

// ask returns the ticket of a call of Route. Call it before Route, and so before Route reads
// any state.
func (q *Queue[T]) ask() ticket { return ticket(q.asked.Add(1)) }

// after reports whether t is later than other. Tickets wrap around: of two that are further
// apart than 2^31 the wrong one counts as later, until the item is added again.
func (t ticket) after(other ticket) bool { return int32(t-other) > 0 }

// insert adds an item that does not wait to its lane.
func (q *Queue[T]) insert(e *entry[T], r Route) {
	q.waiting[e.item] = e
	e.class, e.reported = classOf(r.Priority), waitShort
	q.enter(e, r)
}

// enter adds an item as the last of its class.
func (q *Queue[T]) enter(e *entry[T], r Route) {
	e.exclusion = r.Exclusion
	q.join(e, r)
	q.line(e, false)
}

// reroute moves an item that waits to its new place. It never lowers its priority.
func (q *Queue[T]) reroute(e *entry[T], r Route) {
	class := max(e.class, classOf(r.Priority))
	n := e.from
	if c := n.cluster; n.name == r.Namespace && c.name == r.Cluster && c.lane.name == r.Lane {
		if e.exclusion != r.Exclusion {
			q.exclude(e, r.Exclusion)
		}
		q.moveUp(e, class)
		return
	}
	q.unline(e)
	q.spare(e)
	old := e.class
	e.class = class
	if n.cluster.lane.name != r.Lane {
		e.reported = waitShort
	}
	q.enter(e, r)
	q.left(n, old) // only now: a cluster that has nothing else keeps its place
}
