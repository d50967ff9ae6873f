package ledger

import (
	"slices"
	"time"
)

// movers are the claimants of a key whose last places are to be ended yet. Until that was tried,
// their statuses tell of those places: a hub that starts after a crash knows of no others.
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
	if len(o.pendingAbandonments()) == 0 || slices.Contains(e.movers(), o) {
		return
	}
	d := e.detail()
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
	left := slices.DeleteFunc(*e.more.movers, func(o *object) bool { return len(o.pendingAbandonments()) == 0 || !e.claims.has(o) })
	if len(left) == 0 {
		e.more.movers = nil
		e.tidy()
		return nil
	}
	*e.more.movers = left
	return left
}

// reviewMoves brings up to date what an entry's movers wait for.
func (l *Ledger) reviewMoves(e *entry) {
	for _, o := range e.movers() {
		for _, d := range o.pendingAbandonments() {
			if old := l.entryOf(d.claim.Key); old != nil && old.abandonment == d {
				l.abandonmentJob(old)
			}
		}
	}
}

// pendingAbandonments are the places of an object that are to be ended yet.
func (o *object) pendingAbandonments() []*abandonment {
	o.abandoned = slices.DeleteFunc(o.abandoned, func(d *abandonment) bool { return d.over })
	return o.abandoned
}

// heldUp is how long an entry waits for the end of old statuses of those whose claims decide
// what it shows, zero when there is nothing to wait for.
func (l *Ledger) heldUp(e *entry, v Verdict, lane string) (wait time.Duration) {
	for _, o := range e.movers() {
		if v.Joined == nil && o.id() != v.Owner.Object {
			continue
		}
		if l.moving(o, lane) {
			return moveCheck
		}
	}
	return 0
}

// moving reports whether an object waits for the end of an old status before it counts at a key
// in a lane. One that another installation's pause or outage holds back is not waited for.
func (l *Ledger) moving(o *object, lane string) bool {
	return slices.ContainsFunc(o.pendingAbandonments(), func(d *abandonment) bool {
		if d.held || d.via == nil || d.via.account == nil {
			return false
		}
		old, _ := d.via.account.Lane(d.claim.Repository)
		return old == lane || !l.blocked(old)
	})
}
