package ledger

import "strings"

// unclaimed are the objects that claim nothing for a reason, by the hash of the commit that they
// name. They have no key by which they could be found.
type unclaimed struct {
	bySHA map[string]map[*object]struct{}
	shas  map[*object]string
}

func newUnclaimed() unclaimed {
	return unclaimed{bySHA: map[string]map[*object]struct{}{}, shas: map[*object]string{}}
}

// note records an object as it is now: it is here while it has a problem.
func (u unclaimed) note(o *object) {
	u.remove(o)
	if o.problem == nil || !isFullSHA(o.source.Spec.SHA) {
		return
	}
	sha := strings.ToLower(o.source.Spec.SHA)
	if u.bySHA[sha] == nil {
		u.bySHA[sha] = map[*object]struct{}{}
	}
	u.bySHA[sha][o], u.shas[o] = struct{}{}, sha
}

// remove forgets an object.
func (u unclaimed) remove(o *object) {
	sha, ok := u.shas[o]
	if !ok {
		return
	}
	delete(u.shas, o)
	delete(u.bySHA[sha], o)
	if len(u.bySHA[sha]) == 0 {
		delete(u.bySHA, sha)
	}
}
