package ratelimit

import (
	"container/heap"
	"time"
)

// rota is a round robin: who had its turn longest ago is first. Those that have only
// re-checks let those that have writes go first, without loss of their place, so that
// re-checks take only what no write waits for; one that has waited for long is overtaken
// no more. The first is found without a walk, however many there are.
type rota[E sharer] struct {
	writes, rechecks seats[E]
}

// sharer is a member of a rota: a cluster in a lane, or a namespace in a cluster.
type sharer interface {
	// seat is its place.
	seat() *seat
	// recheckAdded is when its first re-check was added, where it has only re-checks.
	recheckAdded() time.Duration
}

// seat is a sharer's place in a rota.
type seat struct {
	// turn is the number of its last turn, or of when it came: the lowest is first.
	turn  int64
	holds holding
	index int
}

// holding is what a sharer has that may leave.
type holding uint8

const (
	holdsNothing holding = iota
	holdsRechecks
	holdsWrites
)

// first returns who is next, and false where nobody is.
func (r *rota[E]) first(now time.Duration) (e E, ok bool) {
	switch {
	case len(r.rechecks) == 0 && len(r.writes) == 0:
		return e, false
	case len(r.rechecks) == 0:
		return r.writes[0], true
	case len(r.writes) == 0:
		return r.rechecks[0], true
	}
	recheck, write := r.rechecks[0], r.writes[0]
	if recheck.seat().turn < write.seat().turn && now-recheck.recheckAdded() > ageStep {
		return recheck, true
	}
	return write, true
}

// holds is what all together have.
func (r *rota[E]) holds() holding {
	switch {
	case len(r.writes) > 0:
		return holdsWrites
	case len(r.rechecks) > 0:
		return holdsRechecks
	}
	return holdsNothing
}

// file notes what a sharer has now. It keeps its place.
func (r *rota[E]) file(e E, holds holding) {
	s := e.seat()
	if s.holds == holds {
		return
	}
	if old := r.of(s.holds); old != nil {
		heap.Remove(old, s.index)
	}
	s.holds = holds
	if now := r.of(holds); now != nil {
		heap.Push(now, e)
	}
}

// take gives a sharer the place of a turn.
func (r *rota[E]) take(e E, turn int64) {
	s := e.seat()
	s.turn = turn
	if in := r.of(s.holds); in != nil {
		heap.Fix(in, s.index)
	}
}

func (r *rota[E]) of(h holding) *seats[E] {
	switch h {
	case holdsWrites:
		return &r.writes
	case holdsRechecks:
		return &r.rechecks
	}
	return nil
}

// seats is a heap of sharers.
type seats[E sharer] []E

// Len is part of heap.Interface.
func (s *seats[E]) Len() int { return len(*s) }

// Less is part of heap.Interface.
func (s *seats[E]) Less(i, j int) bool { return (*s)[i].seat().turn < (*s)[j].seat().turn }

// Swap is part of heap.Interface.
func (s *seats[E]) Swap(i, j int) {
	in := *s
	in[i], in[j] = in[j], in[i]
	in[i].seat().index, in[j].seat().index = i, j
}

// Push is part of heap.Interface.
func (s *seats[E]) Push(x any) {
	e := x.(E)
	e.seat().index = len(*s)
	*s = append(*s, e)
}

// Pop is part of heap.Interface.
func (s *seats[E]) Pop() any {
	in := *s
	last := len(in) - 1
	e := in[last]
	var none E
	in[last] = none
	*s = in[:last]
	return e
}
