package ledger

import "time"

// recheckAfter is how long it is until an entry is looked at once more, 0 for never.
func (l *Ledger) recheckAfter(e *entry) time.Duration {
	var wait time.Duration
	if len(e.movers()) > 0 {
		wait = moveCheck
	}
	again := e.readDetails().recheckAt
	if again.IsZero() {
		return wait
	}
	return sooner(wait, max(again.Sub(l.clock.Now()), time.Millisecond))
}

// expireWhenDue has what was seen of an entry hold no longer, once it is time to look again.
func (l *Ledger) expireWhenDue(e *entry) {
	if again := e.readDetails().recheckAt; !again.IsZero() && !l.clock.Now().Before(again) {
		e.mutableDetails().recheckAt = time.Time{}
		e.outdated()
		e.tidy()
	}
}

// sooner is the shorter of two times to wait, of which 0 is none.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}
