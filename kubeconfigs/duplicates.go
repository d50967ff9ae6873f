package kubeconfigs

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"
)

// maxDuplicateNames is how many names of other members a member's health has at most.
const maxDuplicateNames = 3

// desiredMembers are what the Secrets ask for, each on its own.
type desiredMembers map[multicluster.ClusterName]desired

// accountOf returns the ServiceAccount of a Secret's token, "" where that is unknown. The
// writers of Secrets in the hub's namespace are trusted, so it is good enough to find two
// Secrets of one cluster; the member decides which tokens it accepts.
func accountOf(w desired) types.UID {
	if w.access == nil {
		return ""
	}
	claims, _ := ReadToken(w.access.BearerToken)
	return claims.UID
}

// duplicates returns, for each of the Secrets of one ServiceAccount that is refused, the
// one because of which it is: a Secret that is older and shares a namespace with it. One
// that is refused itself stands in nobody's way.
func duplicates(of desiredMembers) map[multicluster.ClusterName]multicluster.ClusterName {
	names := slices.SortedFunc(maps.Keys(of), func(a, b multicluster.ClusterName) int {
		return cmp.Or(of[a].createdAt.Compare(of[b].createdAt), cmp.Compare(a, b))
	})
	refused := map[multicluster.ClusterName]multicluster.ClusterName{}
	used := newOwners()
	for at, name := range names {
		if older := used.take(of[name].namespaces, at); older != at {
			refused[name] = names[older]
		}
	}
	return refused
}

// owners are the Secrets that are used, by their place in the order of age.
type owners struct {
	// oldest is the first of all, and everywhere the one that is for all namespaces; -1 for
	// none.
	oldest, everywhere int
	of                 map[string]int
}

func newOwners() *owners { return &owners{oldest: -1, everywhere: -1, of: map[string]int{}} }

// take gives namespaces, none meaning all, to a Secret, unless one that is older has any of
// them. It returns the one that has them.
func (o *owners) take(namespaces []string, at int) int {
	switch {
	case o.everywhere >= 0:
		return o.everywhere
	case len(namespaces) == 0 && o.oldest >= 0:
		return o.oldest
	case len(namespaces) == 0:
		o.oldest, o.everywhere = at, at
		return at
	}
	older := at
	for _, namespace := range namespaces {
		if owner, ok := o.of[namespace]; ok {
			older = min(older, owner)
		}
	}
	if older != at {
		return older
	}
	for _, namespace := range namespaces {
		o.of[namespace] = at
	}
	if o.oldest < 0 {
		o.oldest = at
	}
	return at
}

// refusedAs returns the configuration as it is refused because of another Secret.
func (w desired) refusedAs(other multicluster.ClusterName) desired {
	w.refused = refuse(SameCluster, "this is the cluster of the older Secret %q: the tokens of both are of one ServiceAccount; "+
		"delete one of the two, or limit both to namespaces that they do not share", other)
	w.duplicateOf = other
	w.fingerprint = sha256.Sum256(fmt.Appendf(w.fingerprint[:], "same as %s", other))
	return w
}

// setDesired notes what a Secret asks for, and nil that there is none any more. It returns the
// members that are to be asked anew, as they are to be now, and the names of the duplicates of
// each. The lock is held.
func (p *Provider) setDesired(name multicluster.ClusterName, w *desired) (changed desiredMembers, sameCluster map[multicluster.ClusterName][]string) {
	accounts := map[types.UID]bool{p.desired[name].account: true}
	delete(p.desired, name)
	changed, sameCluster = desiredMembers{}, map[multicluster.ClusterName][]string{}
	if w != nil {
		p.desired[name], changed[name] = *w, *w
		accounts[w.account] = true
	}
	delete(accounts, "")
	for account := range accounts {
		group := desiredMembers{}
		for name, w := range p.desired {
			if w.account == account {
				group[name], changed[name] = w, w
			}
		}
		for name, older := range duplicates(group) {
			changed[name] = group[name].refusedAs(older)
			sameCluster[name] = append(sameCluster[name], older.String())
			sameCluster[older] = append(sameCluster[older], name.String())
		}
	}
	return changed, sameCluster
}

// SetShared says which members show objects that a member shows too, by UID: of older the
// copies count, of younger they are left out. It holds until it is said otherwise.
func (p *Provider) SetShared(name string, older, younger []string) {
	shared := sharedObjects{older: listed(older), younger: listed(younger)}
	p.mu.Lock()
	m := p.members[multicluster.ClusterName(name)]
	if p.shared[multicluster.ClusterName(name)] = shared; shared == (sharedObjects{}) {
		delete(p.shared, multicluster.ClusterName(name))
	}
	p.mu.Unlock()
	if m != nil {
		m.setShared(shared)
	}
}

// sharedObjects are the members with which another shares objects, by name.
type sharedObjects struct{ older, younger string }

// message tells people of it. It blames nobody: who shows objects that are not his cannot
// be known.
func (s sharedObjects) message() string {
	switch {
	case s.older == "":
		return "watching; objects with the same UIDs are in " + s.younger + " too, where they are left out, as its Secret is younger"
	case s.younger == "":
		return "watching; objects with the same UIDs are in " + s.older + " too, and count only there, as its Secret is older: here they are left out"
	}
	return "watching; objects with the same UIDs are in other members too: those of " + s.older +
		" count only there, those of " + s.younger + " only here, by the age of the Secrets"
}

// listed are names as people read them, in order and not too many.
func listed(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	if more := len(names) - maxDuplicateNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:maxDuplicateNames], ", "), more)
	}
	return strings.Join(names, ", ")
}

// setDuplicates takes in which Secrets are of the same cluster.
func (m *member) setDuplicates(names string) {
	m.mu.Lock()
	changed := m.duplicates != names
	m.duplicates = names
	m.health.Duplicates = m.sameClusterNames()
	m.mu.Unlock()
	if changed {
		m.provider.notify()
	}
}

// setShared takes in which members show the same objects. There is an event of it also where
// the health's reason stays as it is.
func (m *member) setShared(shared sharedObjects) {
	m.mu.Lock()
	changed := m.shared != shared
	m.shared = shared
	m.health.Duplicates = m.sameClusterNames()
	watched := m.watching()
	stays := m.health.State == Connected && m.health.Reason == watched.Reason
	if stays {
		m.health.Message = watched.Message
	}
	secret := m.desired.secret
	m.mu.Unlock()
	if !changed {
		return
	}
	if stays && shared != (sharedObjects{}) {
		m.provider.record(secret, Health{Reason: ReasonSharedObjects, Message: printable(shared.message())})
	}
	m.remark()
	m.provider.notify()
}

// twinsNow are the members that are the same cluster, or show the same objects. The lock is
// held.
func (m *member) sameClusterNames() string {
	names := slices.DeleteFunc([]string{m.duplicates, m.shared.older, m.shared.younger}, func(each string) bool { return each == "" })
	return strings.Join(names, ", ")
}
