package ledger

import "github.com/argoproj-labs/commit-status-hub/providers"

// abandonedTexts is how many bytes of text are kept of the places that objects of one member left.
const abandonedTexts = 16 << 20

// abandonments are what is kept of the places that the objects of one member left, until they
// are ended. An object that is deleted counts against no other limit, and a paused installation
// lets them wait for an hour.
type abandonments struct{ places, texts int }

// count takes in an abandonment, if there may be one more. It reports whether it did.
func (a *abandonments) count(d *abandonment, limit int) bool {
	if limit > 0 && a.places >= limit {
		return false
	}
	want := d.claim.Want
	if !want.Phase.Terminal() || a.texts+len(want.Description)+len(want.URL) > abandonedTexts {
		d.claim.Want = providers.Status{Phase: want.Phase}
	}
	a.places++
	a.texts += d.texts()
	d.of = a
	return true
}

// uncount takes in that an abandonment is over.
func (a *abandonments) uncount(d *abandonment) {
	a.places--
	a.texts -= d.texts()
	d.of = nil
}

func (d *abandonment) texts() int { return len(d.claim.Want.Description) + len(d.claim.Want.URL) }

// abandonmentsOf returns those of a member.
func (l *Ledger) abandonmentsOf(cluster string) *abandonments {
	a := l.abandoned[cluster]
	if a == nil {
		a = &abandonments{}
		l.abandoned[cluster] = a
	}
	return a
}
