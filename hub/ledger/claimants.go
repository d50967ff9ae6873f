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
		l.dropIndex(e)
	}
}

// nowCounts adds an object's claim to the index of its key, now that its member is synced.
func (l *Ledger) nowCounts(o *object) {
	if e := l.entryOf(o.key()); e != nil && e.claims.has(o) {
		l.changing(e).add(o)
	}
}

// changing returns the index of an entry for a change, nil where there is none. Where many
// claims change at a time, as when a member leaves, it drops the index: sorting the claims once
// takes less time than finding the place of each.
func (l *Ledger) changing(e *entry) *claimIndex {
	t := e.claimIndex()
	if t == nil {
		return nil
	}
	if t.changes++; t.changes > max(l.few+1, len(e.claims)/16) {
		l.dropIndex(e)
		return nil
	}
	return t
}

// counting returns the claims on an entry that count: those whose members are synced. The
// result is valid until the next change of the ledger.
func (l *Ledger) counting(e *entry) claimSet {
	if len(e.claims) > l.few {
		return l.indexed(e)
	}
	l.scratch = l.scratch[:0]
	for _, o := range e.claims {
		if l.synced(o.cluster) {
			l.scratch = append(l.scratch, o.claim())
		}
	}
	return l.scratch
}

// indexed returns the index of an entry, and makes it where there is none.
func (l *Ledger) indexed(e *entry) *claimIndex {
	if e.claimIndex() == nil {
		e.mutableDetails().claimIndex = newClaimIndex(slices.DeleteFunc(slices.Clone(e.claims), func(o *object) bool { return !l.synced(o.cluster) }))
	}
	e.more.claimIndex.changes = 0
	return e.more.claimIndex
}

// claimIndex returns the index of an entry, nil where there is none.
func (e *entry) claimIndex() *claimIndex {
	if e.more == nil {
		return nil
	}
	return e.more.claimIndex
}

func (l *Ledger) dropIndex(e *entry) {
	for _, o := range e.claims {
		o.counted = false
	}
	if e.more != nil {
		e.more.claimIndex = nil
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
