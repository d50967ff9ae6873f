package kubeconfigs

import (
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
)

const (
	// decoding is the cause that client-go gives an event which it could not read.
	decoding = "ClientWatchDecoding"
	// unreadableWatches is after how many watches in a row that end like this, and bring
	// nothing, a member is told to be in trouble: one may have lost its connection.
	unreadableWatches = 3
)

// unreadable notices watches that bring nothing but what cannot be read, while lists may
// well be answered.
type unreadable struct {
	doubt func(error)

	mu    sync.Mutex
	inRow int
	last  error
}

// note takes in an event of a watch.
func (u *unreadable) note(event watch.Event) {
	status, ok := event.Object.(*metav1.Status)
	broken := ok && event.Type == watch.Error && status.Details != nil &&
		slices.ContainsFunc(status.Details.Causes, func(c metav1.StatusCause) bool { return c.Type == decoding })
	u.mu.Lock()
	defer u.mu.Unlock()
	switch {
	case broken:
		u.inRow++
		if u.last = apierrors.FromObject(status); u.inRow >= unreadableWatches {
			u.doubt(u.last)
		}
	case event.Type != watch.Error:
		u.inRow, u.last = 0, nil
	}
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
