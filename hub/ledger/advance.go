package ledger

import "time"

// Advance moves a key forward to the present. It is the only method by which a key's state
// changes without an event or an outcome: the owner's status is read, a seal becomes proof,
// another writer takes over, an abandoned key becomes due or is given up, a drift check is
// planned, and a key that nobody claims is dropped. Queries such as Route, Job and NextCheck
// answer as of the last Advance.
func (l *Ledger) Advance(key Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.entryOf(key); e != nil {
		l.advance(e)
	}
}

// advance is Advance for an entry. It returns the verdict on the entry's claims; ok is false
// where none counts.
func (l *Ledger) advance(e *entry) (v Verdict, ok bool) {
	v, ok = l.verdict(e)
	if ok {
		v = l.advanceClaimed(e, v)
	}
	l.advanceAbandonment(e)
	switch {
	case e.idle() && (e.abandonment == nil || e.abandonment.quiet) && l.retention(e) == 0:
		l.forget(e)
	case ok && (e.abandonment == nil || e.abandonment.quiet):
		l.setWaitFor(e, v.WaitFor)
	}
	return v, ok
}

// advanceClaimed advances an entry with a verdict, and returns the verdict as it is then.
func (l *Ledger) advanceClaimed(e *entry, v Verdict) Verdict {
	s, now := l.scms[v.Owner.Provider], l.clock.Now()
	l.takeHint(e, v)
	v = l.joinLast(e, v)
	if v.WaitFor == "" {
		e.desired.note(v.Want, now)
		if !e.driftFrom(v.Want) {
			// What others changed was another status.
			e.undrifted()
		}
	}
	l.advanceBeside(e)
	l.handOver(e, v, s)
	l.expireWhenDue(e)
	if e.more != nil {
		e.more.check.forget(now)
		l.forgetRelied(e, s, now)
		e.tidy()
	}
	l.planCheck(e, s, now)
	l.reviewMoves(e)
	if t := e.claimIndex(); t != nil && t.handed != nil {
		if now, ok := l.commonOf(e, v); ok {
			t.sees(now)
		}
	}
	return v
}

// advanceBeside reads the owners' statuses of other names on the commit of an entry that a
// predecessor may have written, until one is found that it may have written too: those are looked
// at together.
func (l *Ledger) advanceBeside(e *entry) {
	if !e.mayBeSent() {
		return
	}
	for _, other := range e.on.entries {
		if other == e {
			continue
		}
		if v, ok := l.verdict(other); ok {
			l.takeHint(other, v)
		}
		if l.mayBeSent(other) {
			return
		}
	}
}

// advanceAbandonment decides what becomes of an abandonment now: it is ended where nothing is to
// be done any more, and otherwise checkAt says when.
func (l *Ledger) advanceAbandonment(e *entry) {
	d := e.abandonment
	if d == nil {
		return
	}
	now := l.clock.Now()
	d.quiet = false
	if l.suspends(d) {
		d.held, d.until, d.checkAt = true, now.Add(abandonmentTTL), now.Add(suspendedCheck)
		return
	}
	account := l.credentialOf(e, d)
	if account == nil || !now.Before(d.until) {
		l.endAbandonment(e)
		return
	}
	action, _ := planEnd(account, e.observationOf(d), d.claim.Want)
	if action == ActNothing || l.claimedToday(e, d) {
		if d.why != Deleted {
			l.endAbandonment(e)
		}
		d.quiet = true
		return
	}
	unconfirmed, vanished := l.confirm(d)
	if vanished {
		l.endAbandonment(e)
		return
	}
	if d.checkAt = d.dueAt; now.Before(d.dueAt) {
		return
	}
	if member := l.awaited(e.key()); d.why != replaced && member != "" {
		// Most members are synced soon after a start: that long the next place waits.
		d.held, d.checkAt = l.clock.Since(l.started) >= moveCheck, now.Add(unsyncedCheck)
		l.setWaitFor(e, member)
		return
	}
	l.setWaitFor(e, "")
	wait := unconfirmed
	if action == ActFind {
		// Until then a look would prove nothing more than the last one did.
		wait = max(wait, e.readDetails().lookAt.Sub(now))
	}
	d.held, d.checkAt = wait > 0, now.Add(max(wait, 0))
}

// forgetRelied forgets that a claim came here by a former path of its repository, once it is
// certain that the path leads here.
func (l *Ledger) forgetRelied(e *entry, s *ScmProvider, now time.Time) {
	if path := e.more.relies; path != "" {
		if m, ok := s.today(path); !ok || !m.stale(now) {
			e.more.relies = ""
		}
	}
}
