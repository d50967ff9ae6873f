package ratelimit

import "time"

// The classes of priority in a lane, the lowest first. What is beyond them counts
// as the nearest.
const (
	// PriorityRecheck is for what may be right already and is only looked at again.
	PriorityRecheck = iota
	// PriorityQueued is for a status that says that work has not begun.
	PriorityQueued
	// PriorityInProgress is for a status that says that work has begun.
	PriorityInProgress
	// PriorityTerminal is for the outcome, which is what people wait for.
	PriorityTerminal

	classes = iota
)

// ageStep is how much earlier an item must have been added than one of the next
// higher class to leave before it. Between items that came within that time of
// each other the order of classes is strict, and none is overtaken for ever.
const ageStep = 10 * time.Minute

// classOf is the class of a priority.
func classOf(priority int) uint8 {
	return uint8(min(max(priority, PriorityRecheck), PriorityTerminal))
}

// order holds entries by class, first come first served in each.
type order[T comparable] [classes]fifo[T]

// first is the entry that leaves next, nil where there is none: of the first of
// each class, the one whose age and class together weigh most.
func (o *order[T]) first() (e *entry[T]) {
	for class := range o {
		e = sooner(o[class].head, e)
	}
	return e
}

func (o *order[T]) empty() bool { return o.first() == nil }

// rewind starts a walk in the order in which entries would leave.
func (o *order[T]) rewind() {
	for class := range o {
		o[class].visit = o[class].head
	}
}

// visit is the next step of a walk, nil at its end.
func (o *order[T]) visit() (e *entry[T]) {
	for class := range o {
		e = sooner(o[class].visit, e)
	}
	if e != nil {
		o[e.class].visit = e.next
	}
	return e
}

// sooner is which of two entries leaves first; a is of the higher class, and
// either may be nil.
func sooner[T comparable](a, b *entry[T]) *entry[T] {
	if a == nil || b != nil && b.rank() < a.rank() {
		return b
	}
	return a
}

// rank is by what an entry is weighed against those of other classes.
func (e *entry[T]) rank() time.Duration { return rankOf(e.added, e.class) }

func rankOf(added time.Duration, class uint8) time.Duration {
	return added + time.Duration(PriorityTerminal-class)*ageStep
}
