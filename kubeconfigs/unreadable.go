package kubeconfigs

import "sync"

// unreadableWatches is the number of watches in a row that end like this, and bring nothing,
// after which the member's health reports it: a single one may have lost its connection.
const unreadableWatches = 3

// unreadable notices watches that bring nothing but what cannot be read, while lists may
// well be answered.
type unreadable struct {
	doubt func(error)

	mu    sync.Mutex
	inRow int
	last  error
}

// broken takes in why a watch could not be read on.
func (u *unreadable) broken(err error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.inRow++
	if u.last = err; u.inRow >= unreadableWatches {
		u.doubt(err)
	}
}

// readable takes in that an event was read.
func (u *unreadable) readable() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.inRow, u.last = 0, nil
}

// trouble is why nothing of a watch can be read, nil while it can.
func (u *unreadable) trouble() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.inRow < unreadableWatches {
		return nil
	}
	return u.last
}
