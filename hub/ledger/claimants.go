package ledger

import "slices"

// claimants are the objects that claim a key. Most keys have one, for which a map would
// take several times the memory. Each object holds its index instead.
type claimants []*object

func (c claimants) has(o *object) bool { return int(o.slot) < len(c) && c[o.slot] == o }

func (c *claimants) add(o *object) {
	if !c.has(o) {
		o.slot = int32(len(*c))
		*c = append(*c, o)
	}
}

func (c *claimants) remove(o *object) {
	if !c.has(o) {
		return
	}
	last := len(*c) - 1
	moved := (*c)[last]
	moved.slot = o.slot
	(*c)[o.slot], (*c)[last] = moved, nil
	if *c = (*c)[:last]; last == 0 {
		*c = nil
	}
}

// claim makes a claim on an entry an object's.
func (l *Ledger) claim(e *entry, o *object, claim Claim, s *ScmProvider) {
	t := l.changing(e)
	t.remove(o)
	e.claims.add(o)
	o.take(claim, e, s)
	e.addMover(o)
	if l.synced(o.cluster) {
		t.add(o)
	}
}

// withdraw takes an object's claim off an entry.
func (l *Ledger) withdraw(e *entry, o *object) {
	t := l.changing(e)
	t.remove(o)
	e.claims.remove(o)
	if t != nil && len(e.claims) <= l.few {
		l.dropTally(e)
	}
}

// nowCounts adds an object's claim to the tally of its key, now that its member is synced.
func (l *Ledger) nowCounts(o *object) {
	if e := l.entryOf(o.key()); e != nil && e.claims.has(o) {
		l.changing(e).add(o)
	}
}

// changing returns the tally of an entry to take in a change, nil where there is none. Where
// many claims change at a time, as when a member leaves, none is kept: to sort them once
// takes less time than to find the place of each.
func (l *Ledger) changing(e *entry) *tally {
	t := e.tally()
	if t == nil {
		return nil
	}
	if t.changes++; t.changes > max(l.few+1, len(e.claims)/16) {
		l.dropTally(e)
		return nil
	}
	return t
}

// counting returns the claims on an entry that count: those whose members are synced. The
// result is valid until the next change of the ledger.
func (l *Ledger) counting(e *entry) claimSet {
	if len(e.claims) > l.few {
		return l.tallied(e)
	}
	l.scratch = l.scratch[:0]
	for _, o := range e.claims {
		if l.synced(o.cluster) {
			l.scratch = append(l.scratch, o.claim())
		}
	}
	return l.scratch
}

// tallied returns the tally of an entry, and makes it where there is none.
func (l *Ledger) tallied(e *entry) *tally {
	if e.tally() == nil {
		e.detail().tally = newTally(slices.DeleteFunc(slices.Clone(e.claims), func(o *object) bool { return !l.synced(o.cluster) }))
	}
	e.more.tally.changes = 0
	return e.more.tally
}

// tally returns the tally of an entry, nil where there is none.
func (e *entry) tally() *tally {
	if e.more == nil {
		return nil
	}
	return e.more.tally
}

func (l *Ledger) dropTally(e *entry) {
	for _, o := range e.claims {
		o.counted = false
	}
	if e.more != nil {
		e.more.tally = nil
		e.tidy()
	}
}

// claimants returns the objects that claim an entry.
func (l *Ledger) claimants(e *entry) Changes {
	var out Changes
	for _, o := range e.claims {
		out.Objects = append(out.Objects, o.id())
	}
	return out
}
