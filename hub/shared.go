package hub

import (
	"cmp"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Two members can show one object, by its UID: one cluster has two Secrets with accounts
// of its own each, or one member lies. Which of the two it is cannot be known, since a
// member may show whatever it wants. So nothing follows from it for any other object: this
// one counts once, for the member whose Secret on the hub is older, which no member can
// forge, and the copies of others are left out of everything until that one is gone.

// errShared is why a copy claims nothing. It is never published: the status is the other
// member's to patch.
var errShared = providers.Errorf(v1alpha1.ReasonDenied, "the object counts for another cluster that shows it too")

// sharing is a pair of members that show one object or more: those of younger are left out
// where older shows them too.
type sharing struct{ older, younger string }

// isCopy reports whether an object is left out, since it counts for another member that
// shows it too.
func (l *Ledger) isCopy(o *object) bool {
	holder := l.uids[o.source.UID]
	return holder != nil && holder.cluster != o.cluster
}

// enlist takes in an object that has come or changed.
func (l *Ledger) enlist(o *object) Changes {
	uid := o.source.UID
	if holder := l.uids[uid]; uid == "" || holder == nil || holder == o && l.copies[uid] == nil {
		if uid != "" {
			l.uids[uid] = o
		}
		return l.resolve(o)
	}
	return l.regroup(uid, o, nil)
}

// delist forgets an object that is gone, which another member's copy replaces.
func (l *Ledger) delist(o *object) Changes {
	uid := o.source.UID
	if l.copies[uid] == nil {
		if l.uids[uid] == o {
			delete(l.uids, uid)
		}
		return Changes{}
	}
	return l.regroup(uid, nil, o)
}

// regroup decides anew for which member the objects of one UID count, with one that came
// or changed, or without one that is gone; nil for none.
func (l *Ledger) regroup(uid types.UID, came, gone *object) Changes {
	before := l.uids[uid]
	group := append([]*object{before}, l.copies[uid]...)
	if came != nil && !slices.Contains(group, came) {
		group = append(group, came)
	}
	group = slices.DeleteFunc(group, func(o *object) bool { return o == gone })
	slices.SortFunc(group, l.senior)
	var out Changes
	out.Sharing = append(out.Sharing, l.tally(before, l.copies[uid], -1)...)
	l.uids[uid] = group[0]
	if delete(l.copies, uid); len(group) > 1 {
		l.copies[uid] = group[1:]
		out.Sharing = append(out.Sharing, l.tally(group[0], group[1:], 1)...)
	}
	// The one that counts now comes first, so that no key is without a claim in between.
	for _, o := range group {
		if o == came || o.cluster != before.cluster && o.cluster == group[0].cluster ||
			o.cluster == before.cluster && o.cluster != group[0].cluster {
			out.add(l.resolve(o))
		}
	}
	return out
}

// senior orders objects of one UID by their members: one that is heard first, the one
// whose Secret is older, and by name. The hub's own cluster is the oldest. It is negative
// where a comes first.
func (l *Ledger) senior(a, b *object) int {
	return cmp.Or(
		l.rankOf(a.cluster)-l.rankOf(b.cluster),
		l.joinedAt(a.cluster).Compare(l.joinedAt(b.cluster)),
		cmp.Compare(a.cluster, b.cluster),
		cmp.Compare(a.source.Namespace, b.source.Namespace),
		cmp.Compare(a.source.Name, b.source.Name),
	)
}

// rankOf puts members that are not heard, whose claims do not count yet, after those that
// are.
func (l *Ledger) rankOf(cluster string) int {
	switch m := l.members[cluster]; {
	case m == nil || !m.heard:
		return 2
	case cluster != kubeconfigs.LocalCluster:
		return 1
	}
	return 0
}

// tally counts objects that are left out, and returns the members of which that has begun
// or ended.
func (l *Ledger) tally(holder *object, copies []*object, n int) (changed []string) {
	for _, o := range copies {
		if o.cluster == holder.cluster {
			continue
		}
		pair := sharing{older: holder.cluster, younger: o.cluster}
		before := l.sharings[pair]
		if l.sharings[pair] += n; l.sharings[pair] == 0 {
			delete(l.sharings, pair)
		}
		if before == 0 || before+n == 0 {
			changed = append(changed, pair.older, pair.younger)
		}
	}
	return changed
}

// SharedWith names the members that show objects which a member shows too, in order: for
// those of older the objects count, and of those of younger they are left out.
func (l *Ledger) SharedWith(cluster string) (older, younger []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for pair := range maps.Keys(l.sharings) {
		switch cluster {
		case pair.older:
			younger = append(younger, pair.younger)
		case pair.younger:
			older = append(older, pair.older)
		}
	}
	slices.Sort(older)
	slices.Sort(younger)
	return older, younger
}
