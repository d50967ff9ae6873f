package kubeconfigs

import (
	"fmt"
	"reflect"
	"sync"

	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// informer keeps the objects of a kind that a member has, and tells handlers of changes.
//
// Unlike client-go's it has no queues and no goroutines for them: the feed that reads a
// watch changes the store and calls the handlers. A handler that is slow holds up the
// watch, which a member then has to wait with, and no changes pile up here. Handlers are
// called one at a time, in order, after the change is in the store; they must not add or
// remove handlers.
type informer struct {
	kind  client.Object
	store cache.Indexer
	feeds []*feed
	// synced is closed when the first list of each feed is in the store, and told.
	synced chan struct{}

	// mu is held while a change is told.
	mu       sync.Mutex
	handlers []*registration
	// unlisted counts the feeds that have not listed yet.
	unlisted int
	stopped  bool
}

func newInformer(kind client.Object) *informer {
	return &informer{kind: kind, synced: make(chan struct{}), store: cache.NewIndexer(
		cache.DeletionHandlingMetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc},
	)}
}

// feedBy adds a feed, before any runs.
func (i *informer) feedBy(f *feed) {
	i.feeds = append(i.feeds, f)
	i.unlisted++
}

// set takes in an object that has come or changed.
func (i *informer) set(object client.Object) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.put(object)
}

// put is set under the lock. An object in the state that the store has it in is no news.
func (i *informer) put(object client.Object) error {
	before, known, err := i.store.Get(object)
	if err == nil {
		err = i.store.Update(object)
	}
	if err != nil {
		return fmt.Errorf("putting an object into the cache: %w", err)
	}
	if old, ok := before.(client.Object); ok && old.GetUID() == object.GetUID() && old.GetResourceVersion() == object.GetResourceVersion() {
		return nil
	}
	for _, r := range i.handlers {
		if known {
			r.handler.OnUpdate(before, object)
		} else {
			r.handler.OnAdd(object, !i.HasSynced())
		}
	}
	return nil
}

// remove takes in that an object is gone. last is how it was, and what handlers are told.
func (i *informer) remove(object client.Object, last any) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.take(object, last)
}

func (i *informer) take(object client.Object, last any) error {
	_, known, err := i.store.Get(object)
	if err == nil && known {
		err = i.store.Delete(object)
	}
	if err != nil {
		return fmt.Errorf("taking an object out of the cache: %w", err)
	}
	if known {
		for _, r := range i.handlers {
			r.handler.OnDelete(last)
		}
	}
	return nil
}

// replace takes in a list of a namespace, or of all for "". What was there and is not in
// it is told as a cache.DeletedFinalStateUnknown. first says that the feed has not listed
// before.
func (i *informer) replace(namespace string, list []client.Object, first bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	gone, err := i.in(namespace)
	if err != nil {
		return err
	}
	for _, object := range list {
		if err := i.put(object); err != nil {
			return err
		}
		delete(gone, client.ObjectKeyFromObject(object))
	}
	for name, last := range gone {
		if err := i.take(last, cache.DeletedFinalStateUnknown{Key: name.String(), Obj: last}); err != nil {
			return err
		}
	}
	if first {
		if i.unlisted--; i.unlisted == 0 {
			close(i.synced)
		}
	}
	return nil
}

// known returns what the store has by a name, nil for nothing.
func (i *informer) known(name client.ObjectKey) (client.Object, error) {
	found, _, err := i.store.GetByKey(name.String())
	if err != nil {
		return nil, fmt.Errorf("looking into the cache: %w", err)
	}
	object, _ := found.(client.Object)
	return object, nil
}

// in returns the objects of a namespace, or of all for "".
func (i *informer) in(namespace string) (map[client.ObjectKey]client.Object, error) {
	objects := i.store.List()
	if namespace != "" {
		var err error
		if objects, err = i.store.ByIndex(cache.NamespaceIndex, namespace); err != nil {
			return nil, fmt.Errorf("looking up a namespace in the cache: %w", err)
		}
	}
	found := make(map[client.ObjectKey]client.Object, len(objects))
	for _, one := range objects {
		if object, ok := one.(client.Object); ok {
			found[client.ObjectKeyFromObject(object)] = object
		}
	}
	return found, nil
}

// holds reports whether an object is of the informer's kind.
func (i *informer) holds(object any) bool { return reflect.TypeOf(object) == reflect.TypeOf(i.kind) }

// stop lets no more handlers in.
func (i *informer) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stopped = true
}
