package publish

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// outcome is what came of a try to publish, by what is to be done about it.
type outcome int

const (
	// finished : there is nothing more to do until the object is added again.
	finished outcome = iota
	// refused : the member answers, but does not want this one object's status.
	refused
	// unserved : the member does not answer, or would answer no other object either.
	unserved
	// held : there is something to publish, or to look at, not before a certain time.
	held
	// early : the very same was refused, and its back-off has not ended.
	early
)

// try is one attempt to publish an object.
type try struct {
	// again reports whether the object was refused before.
	again bool
	// refused identifies what was refused, while the back-off for it has not ended.
	refused uint64
}

// result is what came of a try: until is for held, and refused identifies what was refused,
// zero where that must be tried again whenever the object is added.
type result struct {
	outcome outcome
	until   time.Time
	refused uint64
}

// letter is one object from when it is added until it is finished with.
type letter struct {
	id    ledger.ObjectID
	state letterState
	// backoff is how long it waits since it was refused last, and due when that ends, or
	// when it is no longer held.
	backoff time.Duration
	due     time.Time
	// refused identifies what was refused.
	refused uint64
	// index is its place among those delayed.
	index int
}

type letterState int

const (
	letterWaiting letterState = iota
	letterWorking
	// letterAgain : it was added while a worker had it.
	letterAgain
	letterDelayed
)

// delayed is a heap of objects that were refused or are held, the one that is due next
// first.
type delayed []*letter

// Len implements heap.Interface.
func (d delayed) Len() int { return len(d) }

// Less implements heap.Interface.
func (d delayed) Less(i, j int) bool { return d[i].due.Before(d[j].due) }

// Swap implements heap.Interface.
func (d delayed) Swap(i, j int) {
	d[i], d[j] = d[j], d[i]
	d[i].index, d[j].index = i, j
}

// Push implements heap.Interface.
func (d *delayed) Push(x any) {
	l := x.(*letter)
	l.index = len(*d)
	*d = append(*d, l)
}

// Pop implements heap.Interface.
func (d *delayed) Pop() any {
	last := len(*d) - 1
	l := (*d)[last]
	(*d)[last] = nil
	*d = (*d)[:last]
	return l
}
