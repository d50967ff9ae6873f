package publish

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// outcome is the result of an attempt to publish, by what has to be done next.
type outcome int

const (
	// finished : nothing remains to be done until the object is added again.
	finished outcome = iota
	// refused : the member responds, but does not accept this object's status.
	refused
	// unserved : the member does not respond, or would refuse every other object too.
	unserved
	// held : the object has to be published or checked, but not before a certain time.
	held
	// early : the same status was refused, and its back-off has not ended.
	early
)

// try is one attempt to publish an object.
type try struct {
	// again reports whether the object was refused before.
	again bool
	// refused identifies the status that was refused, while the back-off for it has not ended.
	refused uint64
}

// result is the result of an attempt: until is for held, and refused identifies the refused
// status, zero where it must be tried again whenever the object is added.
type result struct {
	outcome outcome
	until   time.Time
	refused uint64
}

// item is one object from when it is added until it is finished.
type item struct {
	id    ledger.ObjectID
	state itemState
	// backoff is the wait after the last refusal. due is its end, or the end of being held.
	backoff time.Duration
	due     time.Time
	// refused identifies the status that was refused.
	refused uint64
	// index is its place in delayed.
	index int
}

type itemState int

const (
	itemWaiting itemState = iota
	itemWorking
	// itemDirty : it was added while a worker had it.
	itemDirty
	itemDelayed
)

// delayed is a heap of objects that were refused or are held, by the time at which they are
// due.
type delayed []*item

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
	l := x.(*item)
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
