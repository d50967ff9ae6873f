package hub

import "slices"

// current reports whether an engagement is the newest of its cluster: only then
// what it tells counts.
func (l *Ledger) current(cluster string, engagement uint64) bool {
	m := l.members[cluster]
	return m != nil && m.engagement == engagement
}

// heard reports whether the claims of a cluster count.
func (l *Ledger) heard(cluster string) bool {
	m := l.members[cluster]
	return l.loaded && m != nil && m.heard
}

// unheard reports whether a cluster is still waited for.
func (l *Ledger) unheard(cluster string) bool {
	if l.heard(cluster) || !l.inGrace() {
		return false
	}
	names, complete := l.fleet()
	return !complete || slices.Contains(names, cluster)
}

// anyUnheard reports whether any member is still waited for.
func (l *Ledger) anyUnheard() bool {
	if !l.inGrace() {
		return false
	}
	names, complete := l.fleet()
	return !complete || slices.ContainsFunc(names, func(n string) bool { return !l.heard(n) })
}

func (l *Ledger) inGrace() bool { return l.clock.Since(l.started) < l.grace }
