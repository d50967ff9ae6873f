package hub

import (
	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// errTwin is why an object of a cluster that is engaged under another name claims
// nothing. It is never published: the object's status is the other name's to patch.
var errTwin = providers.Errorf(v1alpha1.ReasonDenied, "the cluster is engaged under another name already")

// noteTwin finds out that a cluster is engaged under two names: both tell of the
// same object, by UID, namespace and name. The name that was engaged first counts,
// whatever is engaged anew later, and the other one as a whole does not: not its
// other objects either, of which the first may not know yet.
func (l *Ledger) noteTwin(cluster string, source *v1alpha1.CommitStatus) Changes {
	other := l.uids[source.UID]
	if other == nil || other.cluster == cluster || other.source.Namespace != source.Namespace || other.source.Name != source.Name {
		return Changes{}
	}
	later, first := cluster, other.cluster
	if l.members[later].first < l.members[first].first {
		later, first = first, later
	}
	if l.members[later].twin != "" || l.members[first].twin != "" {
		return Changes{}
	}
	l.members[later].twin = first
	out := Changes{Twins: map[string]string{later: first}}
	for _, o := range l.members[later].objects {
		out.add(l.resolve(o))
		delete(l.uids, o.source.UID)
	}
	out.Keys = append(out.Keys, l.waitingFor(later)...)
	return out
}

// freeTwins lets the clusters count that were engaged as one that is gone.
func (l *Ledger) freeTwins(gone string) Changes {
	var out Changes
	for _, m := range l.members {
		if m.twin != gone {
			continue
		}
		m.twin = ""
		for _, o := range m.objects {
			l.uids[o.source.UID] = o
			out.add(l.resolve(o))
		}
	}
	return out
}
