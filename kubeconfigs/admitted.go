package kubeconfigs

import (
	"errors"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// How a reflector changes an informer: within the limits. An object is admitted and put into the
// store under the informer's lock, so that one which is evicted for the sake of another
// member meanwhile is not in the store in the end.

// admit takes in an object of a watch, if the limits let it in.
func (i *informer) admit(from *objectLimiter, object client.Object, added bool, size int) error {
	i.mu.Lock()
	retained := from.retains(object)
	ok, out := from.admit(object, added, size+retained)
	err := i.show(object, ok, listKind{})
	recounted := from.recount(object, size, retained)
	i.mu.Unlock()
	return errors.Join(err, out.deliver(), recounted.deliver())
}

// withdraw processes the deletion of an object. last is its last version, nil where that is
// unknown. Handlers are notified about an object that was left out, too: they may have hidden
// it.
func (i *informer) withdraw(from *objectLimiter, name types.NamespacedName, last client.Object) error {
	i.mu.Lock()
	was, out := from.remove(name)
	var err error
	switch {
	case was == wasKept && last == nil:
		if last, err = i.known(name); err == nil {
			err = i.take(name, last)
		}
	case was == wasKept:
		err = i.take(name, last)
	case was == wasLeftOut:
		i.notifyDeleted(name, last)
	}
	i.mu.Unlock()
	return errors.Join(err, out.deliver())
}

// withdrawOmitted takes in that an object was deleted that could not be read. Handlers may
// have it hidden.
func (i *informer) withdrawOmitted(name types.NamespacedName, last client.Object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.notifyDeleted(name, last)
}

// notifyDeleted tells handlers of an object that the store does not have. The lock is held.
func (i *informer) notifyDeleted(name types.NamespacedName, last client.Object) {
	if last == nil {
		i.notifyGone(cache.DeletedFinalStateUnknown{Key: name.String()})
		return
	}
	i.notifyGone(last)
}

// offer takes in an object of a list.
func (i *informer) offer(l *listing, object client.Object, size int) error {
	i.mu.Lock()
	retained := l.retains(object)
	verdict, out := l.offer(object, size, retained)
	var recounted effects
	var err error
	if verdict != passedOver {
		before, _ := i.known(client.ObjectKeyFromObject(object))
		l.survives(before != nil && before.GetUID() == object.GetUID())
		err = i.show(object, verdict == refreshed, l.kind)
		recounted = l.recount(object, size, retained)
	}
	i.mu.Unlock()
	return errors.Join(err, out.deliver(), recounted.deliver())
}

// complete takes in a list as a whole.
func (i *informer) complete(l *listing) error {
	pending, gone, out := l.end()
	for _, object := range pending {
		if err := i.fill(l, object); err != nil {
			return err
		}
	}
	for _, name := range gone {
		if err := i.lose(l.objectLimiter, name, l.truncated || l.nameless); err != nil {
			return err
		}
	}
	return out.deliver()
}

// fill puts a new object of a list into the store, unless it has been evicted since.
func (i *informer) fill(l *listing, come sized) error {
	i.mu.Lock()
	if !l.holds(client.ObjectKeyFromObject(come)) {
		i.mu.Unlock()
		return nil
	}
	err := i.put(come.Object, l.kind)
	recounted := l.recount(come.Object, come.size, -1)
	i.mu.Unlock()
	return errors.Join(err, recounted.deliver())
}

// lose takes out an object that a list does not have, or that cannot be read. It is hidden
// where it may still exist.
func (i *informer) lose(from *objectLimiter, name types.NamespacedName, hidden bool) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if !from.lose(name) {
		return nil
	}
	if hidden {
		return i.hide(name)
	}
	return i.take(name, nil)
}

// evict takes out an object that has been evicted, unless it has been let in again since.
func (i *informer) evict(e evicted) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if e.from.holds(e.NamespacedName) {
		return nil
	}
	return i.hide(e.NamespacedName)
}

// show puts an object into the store, or hides it. The lock is held.
func (i *informer) show(object client.Object, ok bool, kind listKind) error {
	if ok {
		return i.put(object, kind)
	}
	return i.hide(client.ObjectKeyFromObject(object))
}

// hide takes out an object that is left out. The lock is held.
func (i *informer) hide(name types.NamespacedName) error {
	i.hidden.Store(&name)
	defer i.hidden.Store(nil)
	return i.take(name, nil)
}

// hides reports whether handlers are being notified about an object that is left out.
func (i *informer) hides(name types.NamespacedName) bool {
	hidden := i.hidden.Load()
	return hidden != nil && *hidden == name
}
