package ledger

import "slices"

// reach is a grant that covers a cluster, with its ScmProvider.
type reach struct {
	scm   *ScmProvider
	grant grant
}

// reachOf returns the grants of ScmProviders that cover a cluster.
func reachOf(cluster string, scms map[string]*ScmProvider) []reach {
	var out []reach
	for _, s := range scms {
		for _, g := range s.grants {
			if s.kind != nil && g.clusters.match(cluster) {
				out = append(out, reach{s, g})
			}
		}
	}
	return out
}

// mayClaim reports whether a grant covers a claim of some namespace on a key: whether its
// ScmProvider could make this key, and lets it be written.
func (r reach) mayClaim(key Key) bool {
	return r.scm.host == key.Host && r.scm.kind.Name() == key.Kind && r.scm.keyOf(key.Host, key.Repository, key.SHA, key.Name) == key &&
		r.grant.repositories.match(key.Repository) && r.grant.names.match(key.Name)
}

// mayClaim reports whether today's grants would let a cluster claim a key. Before the
// ScmProviders are loaded, that is not known, and any cluster may.
func (l *Ledger) mayClaim(cluster string, key Key) bool {
	if !l.loaded {
		return true
	}
	within, ok := l.reaches[cluster]
	if !ok {
		within = reachOf(cluster, l.scms)
		l.reaches[cluster] = within
	}
	return slices.ContainsFunc(within, func(r reach) bool { return r.mayClaim(key) })
}
