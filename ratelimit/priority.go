package ratelimit

import "time"

// The classes of priority in a lane, the lowest first. Values beyond them count as the nearest
// class.
const (
	// PriorityRecheck is for a key that may be right already and is only checked again.
	PriorityRecheck = iota
	// PriorityQueued is for a status that reports that work has not begun.
	PriorityQueued
	// PriorityInProgress is for a status that reports that work has begun.
	PriorityInProgress
	// PriorityTerminal is for the outcome, for which people wait.
	PriorityTerminal

	classes = iota
)

// ageStep is the age difference at which an item leaves before one of the next higher class.
// Between items that were added within that time the order of classes is strict, and no item is
// overtaken for ever.
const ageStep = 10 * time.Minute

// classOf returns the class of a priority.
func classOf(priority int) uint8 {
	return uint8(min(max(priority, PriorityRecheck), PriorityTerminal))
}

// order holds entries by class, each class in the order of arrival.
type order[T comparable] [classes]fifo[T]

// first returns the entry that leaves next, nil where there is none: of the first of each
// class, the one with the lowest rank.
func (o *order[T]) first() (e *entry[T]) {
	for class := range o {
		e = sooner(o[class].head, e)
	}
	return e
}

func (o *order[T]) empty() bool { return o.first() == nil }

// rewind starts a walk in the order in which entries leave.
func (o *order[T]) rewind() {
	for class := range o {
		o[class].visit = o[class].head
	}
}

// visit returns the next entry of a walk, nil at its end.
func (o *order[T]) visit() (e *entry[T]) {
	for class := range o {
		e = sooner(o[class].visit, e)
	}
	if e != nil {
		o[e.class].visit = e.next
	}
	return e
}

// sooner returns the entry that leaves first; a has the higher class, and either may be nil.
func sooner[T comparable](a, b *entry[T]) *entry[T] {
	if a == nil || b != nil && b.rank() < a.rank() {
		return b
	}
	return a
}

// rank returns the value by which entries of different classes are compared.
func (e *entry[T]) rank() time.Duration { return rankOf(e.added, e.class) }

func rankOf(added time.Duration, class uint8) time.Duration {
	return added + time.Duration(PriorityTerminal-class)*ageStep
}
