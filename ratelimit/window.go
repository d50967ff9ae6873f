package ratelimit

import (
	"slices"
	"time"
)

// grains is the number of steps of a window: spent costs become free at the end of a step. That
// bounds the log, and costs 1/6000 of the limit at most.
const grains = 6000

// window is the exact log of what was spent in one length of time.
//
// The server counts a request at some moment between its sending and its response. Its cost is
// held from before it is sent, and spent until one length after its response; a request without
// a response counts as answered at its deadline. So whenever a request is sent, used contains
// all requests that the server may still count with it, however long each was under way.
type window struct {
	length time.Duration
	// base is the begin of the log. Times are durations since then, so that setting the wall
	// clock does not change them.
	base time.Time
	// used is the sum of held and spent costs.
	used costs
	// spent contains the costs that will become free, by time; entries before first are free
	// already.
	spent []stamp
	first int
}

// stamp is a cost that becomes free at a time, counted from the window's base.
type stamp struct {
	at time.Duration
	costs
}

// hold counts the cost of a request that may be sent from now on. A negative cost was never
// sent, or was not counted.
func (w *window) hold(t costs) { w.used = w.used.plus(t) }

// spend frees a held cost one length after the last moment at which the server may have counted
// it.
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

// expire removes the costs that have become free.
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

// freeAt returns the time at which n more of a dimension are free. ok is false where that
// depends on a request without a response yet.
func (w *window) freeAt(n int64, of func(costs) int64) (at time.Time, ok bool) {
	for _, s := range w.spent[w.first:] {
		if n -= of(s.costs); n <= 0 {
			return w.base.Add(s.at), true
		}
	}
	return time.Time{}, false
}
