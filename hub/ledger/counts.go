package ledger

import "slices"

// countStep is how many objects or keys are counted before others have a turn at the ledger:
// what takes half a millisecond.
const countStep = 1000

// Counts are figures of the ledger for metrics.
type Counts struct {
	Claims      map[string]int
	Keys        int
	Conflicting int
	Drifted     int
	// Saved and Overruled count from the start of the process.
	Saved     Saved
	Overruled uint64
}

// Count returns the figures of now. Where there is much to count they are of the time that
// it takes: the ledger goes on meanwhile.
func (l *Ledger) Count() Counts { return l.counts(func() {}) }

// counts calls between where others have a turn.
func (l *Ledger) counts(between func()) Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Counts{Claims: map[string]int{}, Keys: l.keys, Saved: l.saved, Overruled: l.overruled}
	counted := 0
	// Others change the maps that are walked, which Go allows between two steps; a slice
	// must not be walked across one.
	step := func(n int) {
		if counted += n; counted >= countStep {
			counted = 0
			l.mu.Unlock()
			between()
			l.mu.Lock()
		}
	}
	for cluster, m := range l.members {
		claims := 0
		for _, o := range m.objects {
			if o.problem == nil {
				claims++
			}
			step(1)
		}
		out.Claims[cluster] = claims
	}
	for _, c := range l.commits {
		for _, e := range c.entries {
			if l.conflicting(e) {
				out.Conflicting++
			}
			if e.readDetails().check.drifted != nil {
				out.Drifted++
			}
			counted += len(e.claims)
		}
		step(len(c.entries))
	}
	return out
}

// conflicting reports whether the claims on a key want different phases of which only the
// oldest's is shown.
func (l *Ledger) conflicting(e *entry) bool {
	if len(e.claims) < 2 {
		return false
	}
	oldest := slices.MinFunc(e.claims, olderClaimant)
	s := l.scms[oldest.scm.name]
	return s != nil && !s.aggregate && slices.ContainsFunc(e.claims, func(o *object) bool {
		return !samePhase(s.account, wantOf(o.claimed.Spec), wantOf(oldest.claimed.Spec))
	})
}
