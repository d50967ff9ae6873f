package kubeconfigs

import (
	"fmt"
	"sync"
	"sync/atomic"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// informer keeps the objects of a kind that a member has, and tells handlers of changes.
//
// Unlike client-go's it has no queues and no goroutines for them: the reflector that reads a
// watch changes the store and calls the handlers. A handler that is slow holds up the
// watch, which a member then has to wait with, and no changes pile up here. Handlers are
// called one at a time, in order, after the change is in the store; they must not add or
// remove handlers.
type informer struct {
	kind       client.Object
	store      cache.Store
	reflectors []*reflector
	// synced is closed when the first list of each reflector is in the store, and told.
	synced chan struct{}
	// hidden is the object that handlers see as deleted although it is only left out.
	hidden atomic.Pointer[types.NamespacedName]

	// mu is held while handlers are notified.
	mu       sync.Mutex
	handlers []*registration
	// unlisted counts the reflectors that have not listed yet.
	unlisted int
	stopped  bool
	// changes counts the notifications of handlers.
	changes int
}

func newInformer(kind client.Object) *informer {
	return &informer{kind: kind, synced: make(chan struct{}), store: cache.NewStore(cache.DeletionHandlingMetaNamespaceKeyFunc)}
}

// addReflector adds a reflector, before any runs.
func (i *informer) addReflector(f *reflector) {
	i.reflectors = append(i.reflectors, f)
	i.unlisted++
}

// put takes in an object that has come or changed. One that has not changed is no news, and
// what the store has stays: handlers keep it too. The version alone does not tell, since an
// API server that was restored from a backup uses versions twice. The lock is held.
func (i *informer) put(object client.Object, kind listKind) error {
	before, known, err := i.store.Get(object)
	if err != nil {
		return fmt.Errorf("looking into the cache: %w", err)
	}
	if old, ok := before.(client.Object); ok && !kind.restored && old.GetUID() == object.GetUID() && old.GetResourceVersion() == object.GetResourceVersion() &&
		equality.Semantic.DeepEqual(old, object) {
		return nil
	}
	if err := i.store.Update(object); err != nil {
		return fmt.Errorf("putting an object into the cache: %w", err)
	}
	i.changes++
	for _, r := range i.handlers {
		if known {
			r.handler.OnUpdate(before, object)
		} else {
			r.handler.OnAdd(object, kind.late || !i.HasSynced())
		}
	}
	return nil
}

// take takes out an object that is gone. Handlers get last, or, where
// that is nil, how it was as a cache.DeletedFinalStateUnknown. The lock is held.
func (i *informer) take(name types.NamespacedName, last client.Object) error {
	before, known, err := i.store.GetByKey(name.String())
	if err == nil && known {
		err = i.store.Delete(before)
	}
	if err != nil {
		return fmt.Errorf("taking an object out of the cache: %w", err)
	}
	if !known {
		return nil
	}
	var told any = last
	if last == nil {
		told = cache.DeletedFinalStateUnknown{Key: name.String(), Obj: before}
	}
	i.notifyGone(told)
	return nil
}

// notifyGone tells handlers that an object is gone. The lock is held.
func (i *informer) notifyGone(told any) {
	i.changes++
	for _, r := range i.handlers {
		r.handler.OnDelete(told)
	}
}

// changed returns how often handlers were notified.
func (i *informer) changed() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.changes
}

// outdates reports whether the cache has a newer state of an object than that of a version.
func (i *informer) outdates(name client.ObjectKey, version string) bool {
	newer, err := i.known(name)
	return err == nil && newer != nil && older(version, newer.GetResourceVersion())
}

// listed takes in that a reflector has listed for the first time, or that its first list is not
// waited for.
func (i *informer) listed() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.unlisted--; i.unlisted == 0 {
		close(i.synced)
	}
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

// stop lets no more handlers in.
func (i *informer) stop() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stopped = true
}
