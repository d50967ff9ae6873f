package ledger

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
	if len(l.sharers) == 0 {
		return false
	}
	holder := l.uids[o.source.UID]
	return holder != nil && holder.cluster != o.cluster
}

// sharers are the objects of one UID by the member that shows them. A member that tells the
// truth shows one.
type sharers map[string]map[*object]struct{}

func (s sharers) add(o *object) {
	if s[o.cluster] == nil {
		s[o.cluster] = map[*object]struct{}{}
	}
	s[o.cluster][o] = struct{}{}
}

func (s sharers) remove(o *object) {
	delete(s[o.cluster], o)
	if len(s[o.cluster]) == 0 {
		delete(s, o.cluster)
	}
}

// enlist takes in an object that has come or changed.
func (l *Ledger) enlist(o *object) Changes {
	uid := o.source.UID
	holder := l.uids[uid]
	if uid == "" || holder == nil || holder == o && l.sharers[uid] == nil {
		if uid != "" {
			l.uids[uid] = o
		}
		return l.resolve(o)
	}
	if l.sharers[uid] == nil {
		l.sharers[uid] = sharers{}
		l.sharers[uid].add(holder)
	}
	ended := l.pair(uid, -1)
	l.sharers[uid].add(o)
	out := Changes{Sharing: append(ended, l.pair(uid, 1)...)}
	before, now := l.regroup(uid, &out)
	if now == before || o.cluster != now && o.cluster != before {
		out.add(l.resolve(o))
	}
	return out
}

// delist forgets an object that is gone, which another member's copy replaces.
func (l *Ledger) delist(o *object) Changes {
	uid := o.source.UID
	shown := l.sharers[uid]
	if shown == nil {
		if l.uids[uid] == o {
			delete(l.uids, uid)
		}
		return Changes{}
	}
	out := Changes{Sharing: l.pair(uid, -1)}
	shown.remove(o)
	if holder := l.uids[uid]; holder == o && shown[o.cluster] != nil {
		l.uids[uid] = anyOf(shown[o.cluster])
	}
	out.Sharing = append(out.Sharing, l.pair(uid, 1)...)
	l.regroup(uid, &out)
	if holder := l.uids[uid]; len(shown) == 1 && len(shown[holder.cluster]) == 1 {
		delete(l.sharers, uid)
	}
	return out
}

// regroup decides anew for which member the objects of one UID count, and returns for which
// they did and do. Those of both are resolved where it is another one.
func (l *Ledger) regroup(uid types.UID, out *Changes) (before, now string) {
	shown := l.sharers[uid]
	before, now = l.uids[uid].cluster, slices.MinFunc(slices.Collect(maps.Keys(shown)), l.senior)
	if now == before {
		return before, now
	}
	out.Sharing = append(out.Sharing, l.pair(uid, -1)...)
	l.uids[uid] = anyOf(shown[now])
	out.Sharing = append(out.Sharing, l.pair(uid, 1)...)
	// The one that counts now comes first, so that no key is without a claim in between.
	for _, cluster := range []string{now, before} {
		for o := range shown[cluster] {
			out.add(l.resolve(o))
		}
	}
	return before, now
}

func anyOf(objects map[*object]struct{}) *object {
	for o := range objects {
		return o
	}
	return nil
}

// senior orders members that show objects of one UID: one that is synced first, the one
// whose Secret is older, and by name. The hub's own cluster is the oldest. It is negative
// where a comes first.
func (l *Ledger) senior(a, b string) int {
	return cmp.Or(l.rankOf(a)-l.rankOf(b), l.joinedAt(a).Compare(l.joinedAt(b)), cmp.Compare(a, b))
}

// rankOf puts members that are not synced, whose claims do not count yet, after those that
// are.
func (l *Ledger) rankOf(cluster string) int {
	switch m := l.members[cluster]; {
	case m == nil || !m.synced:
		return 2
	case cluster != kubeconfigs.LocalCluster:
		return 1
	}
	return 0
}

// pair adds n to how many UIDs the member for which one UID counts shares with each of the
// others that show it, and returns the members of which that has begun or ended.
func (l *Ledger) pair(uid types.UID, n int) (changed []string) {
	older := l.uids[uid].cluster
	for younger := range l.sharers[uid] {
		if younger == older {
			continue
		}
		pair := sharing{older: older, younger: younger}
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
