package hub

import "sync"

// refusals know what one member refuses: the namespaces in which the hub may not patch
// statuses, and the objects whose statuses its admission does not accept. They report
// changes: a member that is read well does not show it otherwise.
type refusals struct {
	// forbidden and unwanted must not call the refusals. words are those of the member, ""
	// where it refuses nothing.
	forbidden func(forbidden bool)
	unwanted  func(words string)

	mu         sync.Mutex
	namespaces map[string]struct{}
	objects    map[ObjectID]struct{}
}

func newRefusals(forbidden func(bool), unwanted func(words string)) *refusals {
	return &refusals{
		forbidden: forbidden, unwanted: unwanted, namespaces: map[string]struct{}{}, objects: map[ObjectID]struct{}{},
	}
}

// note takes in what came of a patch. It returns true if the hub may patch again in the
// object's namespace.
func (r *refusals) note(id ObjectID, err error) (allowed bool) {
	r.mu.Lock() // also while it reports, so that two changes are reported in their order
	defer r.mu.Unlock()
	switch kind := refusalOf(err); {
	case kind == withoutRight:
		if len(r.namespaces) == 0 {
			r.forbidden(true)
		}
		r.namespaces[id.Namespace] = struct{}{}
	case kind == unwanted:
		if len(r.objects) == 0 {
			r.unwanted(id.Namespace + "/" + id.Name + ": " + err.Error())
		}
		r.objects[id] = struct{}{}
	case err == nil:
		r.accept(id)
		if _, allowed = r.namespaces[id.Namespace]; allowed {
			delete(r.namespaces, id.Namespace)
			if len(r.namespaces) == 0 {
				r.forbidden(false)
			}
		}
	}
	return allowed
}

// upToDate notes that an object has nothing to publish.
func (r *refusals) upToDate(id ObjectID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.accept(id)
}

// accept notes that an object's status is not refused. The lock is held.
func (r *refusals) accept(id ObjectID) {
	if _, was := r.objects[id]; !was {
		return
	}
	delete(r.objects, id)
	if len(r.objects) == 0 {
		r.unwanted("")
	}
}
