package ratelimit

import (
	"slices"
	"time"
)

// grains is into how many steps a window is divided: what is spent comes free at
// the end of a step. That bounds the log, and costs 1/6000 of the limit at most.
const grains = 6000

// window is the exact log of what was spent in one length of time.
//
// The server counts a request at some moment between its sending and its answer.
// What a request costs is held from before it is sent, and spent until a length
// after its answer; one without an answer counts as answered at its deadline. So
// whenever a request is sent, all those that the server may still count with it
// are in used, however long each was on its way.
type window struct {
	length time.Duration
	// base is when the log began. Times are kept as what passed since, which a step of
	// the wall clock does not change.
	base time.Time
	// used is what is held and what is spent, together.
	used costs
	// spent is what will come free, by time; from first on.
	spent []stamp
	first int
}

// stamp is what comes free at a time, counted from the window's base.
type stamp struct {
	at time.Duration
	costs
}

// hold counts what may be sent from now on. What is negative was never sent, or was
// not counted.
func (w *window) hold(t costs) { w.used = w.used.plus(t) }

// spend lets what is held come free a length after the last moment at which the
// server may have counted it.
func (w *window) spend(t costs, counted time.Time) {
	if t == (costs{}) {
		return
	}
	grain := int64(w.length / grains)
	at := time.Duration((int64(counted.Sub(w.base)+w.length)/grain + 1) * grain)
	i := len(w.spent)
	for i > w.first && w.spent[i-1].at > at {
		i--
	}
	if i > w.first && w.spent[i-1].at == at {
		w.spent[i-1].costs = w.spent[i-1].plus(t)
		return
	}
	w.spent = slices.Insert(w.spent, i, stamp{at, t})
}

// expire frees what is over.
func (w *window) expire(now time.Time) {
	at := now.Sub(w.base)
	for w.first < len(w.spent) && w.spent[w.first].at <= at {
		w.used = w.used.minus(w.spent[w.first].costs)
		w.first++
	}
	if w.first > len(w.spent)/2 {
		w.spent = append(w.spent[:0], w.spent[w.first:]...)
		w.first = 0
	}
}

// freeAt is when n more of a dimension have come free. ok is false where that
// takes the answer to a request that is still under way.
func (w *window) freeAt(n int64, of func(costs) int64) (at time.Time, ok bool) {
	for _, s := range w.spent[w.first:] {
		if n -= of(s.costs); n <= 0 {
			return w.base.Add(s.at), true
		}
	}
	return time.Time{}, false
}
