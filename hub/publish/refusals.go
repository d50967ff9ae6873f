package publish

import (
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// refusals know what one member refuses: the namespaces in which the hub may not patch
// statuses, and the objects whose statuses its admission does not accept. They report
// changes: a member that is read well does not show it otherwise.
type refusals struct {
	// forbidden and unwanted must not call the refusals. words name an object that is
	// refused, with what the member says of it if that is known, and are "" for none.
	forbidden func(forbidden bool)
	unwanted  func(words string)

	mu sync.Mutex
	// namespaces has the objects of each namespace in which the hub may not patch.
	namespaces map[string]map[ledger.ObjectID]struct{}
	objects    map[ledger.ObjectID]struct{}
	// named is the one of objects that was reported last, zero while there are none, and
	// quoted reports whether the member's words about it were.
	named  ledger.ObjectID
	quoted bool
}

func newRefusals(forbidden func(bool), unwanted func(words string)) *refusals {
	return &refusals{
		forbidden: forbidden, unwanted: unwanted, namespaces: map[string]map[ledger.ObjectID]struct{}{}, objects: map[ledger.ObjectID]struct{}{},
	}
}

// note records the result of a patch, and reports whether the hub may patch in the object's
// namespace again.
func (r *refusals) note(id ledger.ObjectID, err error) (allowed bool) {
	r.mu.Lock() // also while it reports, so that two changes are reported in their order
	defer r.mu.Unlock()
	switch kind := refusalOf(err); {
	case kind == withoutRight:
		if len(r.namespaces) == 0 {
			r.forbidden(true)
		}
		if r.namespaces[id.Namespace] == nil {
			r.namespaces[id.Namespace] = map[ledger.ObjectID]struct{}{}
		}
		r.namespaces[id.Namespace][id] = struct{}{}
	case kind == unwanted:
		if len(r.objects) == 0 {
			r.named = id
		}
		r.objects[id] = struct{}{}
		if r.named == id && !r.quoted {
			r.quoted = true
			r.unwanted(id.Namespace + "/" + id.Name + ": " + err.Error())
		}
	case err == nil:
		if _, allowed = r.namespaces[id.Namespace]; allowed {
			r.permit(id.Namespace)
		}
		r.accept(id)
	case apierrors.IsNotFound(err):
		r.accept(id)
	}
	return allowed
}

// upToDate notes that an object has nothing to publish, or is gone.
func (r *refusals) upToDate(id ledger.ObjectID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accept(id)
}

// permit notes that nothing is forbidden in a namespace any more. The lock is held.
func (r *refusals) permit(namespace string) {
	delete(r.namespaces, namespace)
	if len(r.namespaces) == 0 {
		r.forbidden(false)
	}
}

// accept notes that an object's status is not refused. The lock is held.
func (r *refusals) accept(id ledger.ObjectID) {
	if others, ok := r.namespaces[id.Namespace]; ok {
		if delete(others, id); len(others) == 0 {
			r.permit(id.Namespace)
		}
	}
	if _, was := r.objects[id]; !was {
		return
	}
	delete(r.objects, id)
	if r.named == id {
		r.nameAnother()
	}
}

// nameAnother reports another object than the one that was reported last, or that there is
// none. The member's words about it come with its next refusal: to keep those about every
// object would take a member's word for how much memory. The lock is held.
func (r *refusals) nameAnother() {
	r.named, r.quoted = ledger.ObjectID{}, false
	for id := range r.objects {
		r.named = id
		r.unwanted(id.Namespace + "/" + id.Name)
		return
	}
	r.unwanted("")
}
