package hub

import (
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
)

// forbidden notes in which members the hub may not patch statuses, and has it told when
// that changes. A member that is read well does not show it otherwise.
type forbidden struct {
	// tell must not call the forbidden.
	tell func(cluster string, forbidden bool)

	mu sync.Mutex
	// in are the namespaces in which it was so last, by member.
	in map[string]map[string]struct{}
}

func newForbidden(tell func(cluster string, forbidden bool)) *forbidden {
	return &forbidden{tell: tell, in: map[string]map[string]struct{}{}}
}

// note takes in what came of a patch.
func (f *forbidden) note(id ObjectID, err error) {
	now := apierrors.IsForbidden(err)
	if err != nil && !now {
		return // it says nothing of rights
	}
	// Held while it is told, so that two changes are told in their order.
	f.mu.Lock()
	defer f.mu.Unlock()
	before := len(f.in[id.Cluster]) > 0
	if now {
		if f.in[id.Cluster] == nil {
			f.in[id.Cluster] = map[string]struct{}{}
		}
		f.in[id.Cluster][id.Namespace] = struct{}{}
	} else {
		delete(f.in[id.Cluster], id.Namespace)
	}
	if after := len(f.in[id.Cluster]) > 0; after != before {
		f.tell(id.Cluster, after)
	}
}

// forget drops what is known of a member, which may come back with other rights.
func (f *forbidden) forget(cluster string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.in, cluster)
}
