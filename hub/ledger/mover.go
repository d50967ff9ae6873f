package ledger

import (
	"slices"
	"time"
)

// movers are the claimants of a key whose last places are still to be ended. Until that was
// tried, their statuses name those places: a hub that starts after a crash knows of no others.
type movers []*object

// departs notes a place of an object that is to be ended, nil for none.
func (l *Ledger) departs(o *object, d *abandonment) {
	if d == nil {
		return
	}
	o.abandoned = append(o.abandoned, d)
	if e := l.entryOf(o.key()); e != nil && e.claims.has(o) {
		e.addMover(o)
	}
}

// addMover notes a claimant on its key if a place of it is to be ended.
func (e *entry) addMover(o *object) {
	if !o.moves() || slices.Contains(e.movers(), o) {
		return
	}
	d := e.mutableDetails()
	if d.movers == nil {
		d.movers = &movers{}
	}
	*d.movers = append(*d.movers, o)
}

// movers returns the claimants of an entry whose last places are to be ended yet.
func (e *entry) movers() movers {
	if e.more == nil || e.more.movers == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(*e.more.movers), func(o *object) bool { return !o.moves() || !e.claims.has(o) })
}

// reviewMoves brings up to date what an entry's movers wait for.
func (l *Ledger) reviewMoves(e *entry) {
	if e.more == nil || e.more.movers == nil {
		return
	}
	left := e.movers()
	for _, o := range left {
		o.abandoned = slices.Collect(o.pendingAbandonments)
		for _, d := range o.abandoned {
			if old := l.entryOf(d.claim.Key); old != nil && old.abandonment == d {
				l.advanceAbandonment(old)
			}
		}
	}
	if e.more.movers = &left; len(left) == 0 {
		e.more.movers = nil
		e.tidy()
	}
}

// moves reports whether a place of an object is to be ended yet.
func (o *object) moves() bool {
	for range o.pendingAbandonments {
		return true
	}
	return false
}

// pendingAbandonments are the places of an object that are to be ended yet.
func (o *object) pendingAbandonments(yield func(*abandonment) bool) {
	for _, d := range o.abandoned {
		if !d.over && !yield(d) {
			return
		}
	}
}

// heldUp is how long an entry waits for the end of old statuses of those whose claims decide
// what it shows, zero when there is nothing to wait for.
func (l *Ledger) heldUp(e *entry, v Verdict, lane string) (wait time.Duration) {
	for _, o := range e.movers() {
		if v.Joined == nil && o.id() != v.Owner.Object {
			continue
		}
		if l.waitsForOldPlace(o, lane) {
			return moveCheck
		}
	}
	return 0
}

// waitsForOldPlace reports whether an object waits for the end of an old status before it counts at a key
// in a lane. One that another installation's pause or outage holds back is not waited for.
func (l *Ledger) waitsForOldPlace(o *object, lane string) bool {
	for d := range o.pendingAbandonments {
		if d.held || d.via == nil || d.via.account == nil {
			continue
		}
		if old, _ := d.via.account.Lane(d.claim.Repository); old == lane || !l.blocked(old) {
			return true
		}
	}
	return false
}
