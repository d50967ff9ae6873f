package ratelimit

import "container/heap"

// ordered is a heap of E. It calls moved with the new index of each element that moves, and
// with -1 for one that leaves.
type ordered[E any] struct {
	items []E
	less  func(a, b E) bool
	moved func(e E, index int)
}

func (o *ordered[E]) push(e E)     { heap.Push((*heapOf[E])(o), e) }
func (o *ordered[E]) remove(i int) { heap.Remove((*heapOf[E])(o), i) }
func (o *ordered[E]) fix(i int)    { heap.Fix((*heapOf[E])(o), i) }
func (o *ordered[E]) len() int     { return len(o.items) }
func (o *ordered[E]) first() E     { return o.items[0] }

// heapOf has the methods of heap.Interface.
type heapOf[E any] ordered[E]

// Len is part of heap.Interface.
func (s *heapOf[E]) Len() int { return len(s.items) }

// Less is part of heap.Interface.
func (s *heapOf[E]) Less(i, j int) bool { return s.less(s.items[i], s.items[j]) }

// Swap is part of heap.Interface.
func (s *heapOf[E]) Swap(i, j int) {
	s.items[i], s.items[j] = s.items[j], s.items[i]
	s.moved(s.items[i], i)
	s.moved(s.items[j], j)
}

// Push is part of heap.Interface.
func (s *heapOf[E]) Push(x any) {
	e := x.(E)
	s.items = append(s.items, e)
	s.moved(e, len(s.items)-1)
}

// Pop is part of heap.Interface.
func (s *heapOf[E]) Pop() any {
	last := len(s.items) - 1
	e := s.items[last]
	var none E
	s.items[last] = none
	s.items = s.items[:last]
	s.moved(e, -1)
	return e
}
