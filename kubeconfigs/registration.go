package kubeconfigs

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"k8s.io/client-go/tools/cache"
)

// registration is a handler of an informer. It is synced when the informer is, since the
// objects of a list are its first notifications.
type registration struct {
	*informer
	handler cache.ResourceEventHandler
}

// AddEventHandler implements cache.Informer. It notifies the handler about each object of the
// store before it returns.
func (i *informer) AddEventHandler(handler cache.ResourceEventHandler) (cache.ResourceEventHandlerRegistration, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stopped {
		return nil, errors.New("the informer has stopped")
	}
	for _, object := range i.store.List() {
		handler.OnAdd(object, true)
	}
	r := &registration{informer: i, handler: handler}
	i.handlers = append(i.handlers, r)
	return r, nil
}

// AddEventHandlerWithResyncPeriod implements cache.Informer. There are no resyncs.
func (i *informer) AddEventHandlerWithResyncPeriod(handler cache.ResourceEventHandler, _ time.Duration) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(handler)
}

// AddEventHandlerWithOptions implements cache.Informer. There are no resyncs, and nothing is
// logged of a handler.
func (i *informer) AddEventHandlerWithOptions(handler cache.ResourceEventHandler, _ cache.HandlerOptions) (cache.ResourceEventHandlerRegistration, error) {
	return i.AddEventHandler(handler)
}

// RemoveEventHandler implements cache.Informer. The handler is not called any more once it
// returns.
func (i *informer) RemoveEventHandler(handle cache.ResourceEventHandlerRegistration) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.handlers = slices.DeleteFunc(i.handlers, func(r *registration) bool { return r == handle })
	return nil
}

// AddIndexers implements cache.Informer. It always fails.
func (*informer) AddIndexers(cache.Indexers) error { return errNotReadable }

// HasSynced implements cache.Informer.
func (i *informer) HasSynced() bool { return cache.IsDone(i) }

// HasSyncedChecker implements cache.Informer.
func (i *informer) HasSyncedChecker() cache.DoneChecker { return i }

// Done implements cache.DoneChecker.
func (i *informer) Done() <-chan struct{} { return i.synced }

// Name implements cache.DoneChecker.
func (i *informer) Name() string { return fmt.Sprintf("informer of %T", i.kind) }

// IsStopped implements cache.Informer.
func (i *informer) IsStopped() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.stopped
}
