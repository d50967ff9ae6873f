package ratelimit

import "hash/maphash"

// index finds the entries that wait by their items. It is keyed by hash, so that
// an item, which may be large, is held once: in its entry.
type index[T comparable] struct {
	hash   func(T) uint64
	byHash map[uint64]*entry[T]
	len    int
}

func newIndex[T comparable]() index[T] {
	seed := maphash.MakeSeed()
	return index[T]{
		hash:   func(item T) uint64 { return maphash.Comparable(seed, item) },
		byHash: map[uint64]*entry[T]{},
	}
}

// get returns the entry of an item, nil where it does not wait.
func (x *index[T]) get(item T) *entry[T] {
	e := x.byHash[x.hash(item)]
	for e != nil && e.item != item {
		e = e.same
	}
	return e
}

// put adds an entry whose item is not there yet.
func (x *index[T]) put(e *entry[T]) {
	h := x.hash(e.item)
	e.same = x.byHash[h]
	x.byHash[h] = e
	x.len++
}

// drop removes an entry that is there.
func (x *index[T]) drop(e *entry[T]) {
	h := x.hash(e.item)
	x.len--
	switch first := x.byHash[h]; {
	case first != e:
		before := first
		for before.same != e {
			before = before.same
		}
		before.same = e.same
	case e.same != nil:
		x.byHash[h] = e.same
	default:
		delete(x.byHash, h)
	}
	e.same = nil
}
