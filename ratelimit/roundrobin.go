package ratelimit

import "time"

// roundRobin orders sharers by their last turn: the one whose turn was longest ago is first. A
// sharer with only re-checks lets those with writes go first without losing its place, so
// re-checks use only what no write needs. One that has waited for long is overtaken no more.
// The first is found without a walk, however many there are.
type roundRobin[E sharer] struct {
	writes, rechecks seats[E]
}

// sharer is a member of a roundRobin: a cluster in a lane, or a namespace in a cluster.
type sharer interface {
	// seat returns its place.
	seat() *seat
	// recheckAdded returns the time at which its first re-check was added; it is called where
	// it has only re-checks.
	recheckAdded() time.Duration
}

// seat is a sharer's place in a roundRobin.
type seat struct {
	// turn is the number of its last turn, or of its arrival: the lowest is first.
	turn  int64
	holds holding
	index int
}

// holding is the kind of items that a sharer has and that may leave.
type holding uint8

const (
	holdsNothing holding = iota
	holdsRechecks
	holdsWrites
)

// first returns the next sharer, and false where there is none.
func (r *roundRobin[E]) first(now time.Duration) (e E, ok bool) {
	switch {
	case len(r.rechecks) == 0 && len(r.writes) == 0:
		return e, false
	case len(r.rechecks) == 0:
		return r.writes[0].who, true
	case len(r.writes) == 0:
		return r.rechecks[0].who, true
	}
	recheck, write := r.rechecks[0], r.writes[0]
	if recheck.turn < write.turn && now-recheck.who.recheckAdded() > ageStep {
		return recheck.who, true
	}
	return write.who, true
}

// holds returns what all sharers together have.
func (r *roundRobin[E]) holds() holding {
	switch {
	case len(r.writes) > 0:
		return holdsWrites
	case len(r.rechecks) > 0:
		return holdsRechecks
	}
	return holdsNothing
}

// file updates what a sharer has. It keeps its place.
func (r *roundRobin[E]) file(e E, holds holding) {
	s := e.seat()
	if s.holds == holds {
		return
	}
	if old := r.of(s.holds); old != nil {
		old.remove(s.index)
	}
	s.holds = holds
	if now := r.of(holds); now != nil {
		now.push(e, s.turn)
	}
}

// take moves a sharer to the place of a turn.
func (r *roundRobin[E]) take(e E, turn int64) {
	s := e.seat()
	s.turn = turn
	if in := r.of(s.holds); in != nil {
		in.fix(s.index, turn)
	}
}

func (r *roundRobin[E]) of(h holding) *seats[E] {
	switch h {
	case holdsWrites:
		return &r.writes
	case holdsRechecks:
		return &r.rechecks
	}
	return nil
}

// seats is a heap of sharers by turn. It does not use container/heap, for speed: each item that
// leaves a lane moves its cluster and its namespace to the end.
type seats[E sharer] []seated[E]

type seated[E sharer] struct {
	turn int64
	who  E
}

func (s *seats[E]) push(e E, turn int64) {
	*s = append(*s, seated[E]{turn, e})
	s.up(len(*s) - 1)
}

func (s *seats[E]) remove(i int) {
	in := *s
	last := len(in) - 1
	moved := in[last]
	in[last] = seated[E]{}
	*s = in[:last]
	if i < last {
		in[i] = moved
		s.settle(i)
	}
}

// fix changes the turn of the sharer at i.
func (s *seats[E]) fix(i int, turn int64) {
	(*s)[i].turn = turn
	s.settle(i)
}

// settle moves the sharer at i to its place.
func (s *seats[E]) settle(i int) { s.down(s.up(i)) }

func (s *seats[E]) up(i int) int {
	in := *s
	moved := in[i]
	for i > 0 {
		above := (i - 1) / 2
		if in[above].turn <= moved.turn {
			break
		}
		s.set(i, in[above])
		i = above
	}
	s.set(i, moved)
	return i
}

func (s *seats[E]) down(i int) {
	in := *s
	moved := in[i]
	for {
		below := 2*i + 1
		if below >= len(in) {
			break
		}
		if other := below + 1; other < len(in) && in[other].turn < in[below].turn {
			below = other
		}
		if moved.turn <= in[below].turn {
			break
		}
		s.set(i, in[below])
		i = below
	}
	s.set(i, moved)
}

func (s *seats[E]) set(i int, at seated[E]) {
	(*s)[i] = at
	at.who.seat().index = i
}
