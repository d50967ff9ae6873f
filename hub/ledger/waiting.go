package ledger

// waiters index the entries that wait for a member to be synced, by the member's name
// or unknownMember. A member that joins or leaves then costs what waits for it, not what
// the whole ledger holds.
type waiters map[string]map[*entry]struct{}

// setWaitFor records which member an entry waits for, "" for none. It is the only place
// that changes details.waitFor, so that the index never differs from it.
func (l *Ledger) setWaitFor(e *entry, member string) {
	before := e.readDetails().waitFor
	if before == member {
		return
	}
	if before != "" {
		delete(l.waiting[before], e)
		if len(l.waiting[before]) == 0 {
			delete(l.waiting, before)
		}
	}
	if member != "" {
		if l.waiting[member] == nil {
			l.waiting[member] = map[*entry]struct{}{}
		}
		l.waiting[member][e] = struct{}{}
	}
	e.mutableDetails().waitFor = member
	e.tidy()
}

// waitingFor returns the keys that may go on now that a member is synced or gone: those
// that wait for it, and those that wait for members which are not known yet.
func (l *Ledger) waitingFor(member string) []Key {
	var out []Key
	for _, name := range []string{member, unknownMember} {
		for e := range l.waiting[name] {
			out = append(out, e.key())
		}
	}
	return out
}
