package ledger

import "github.com/argoproj-labs/commit-status-hub/providers"

// Observation is what the hub knows of a key in its SCM.
type Observation struct {
	// Shown is what the SCM showed last, nil for nothing.
	Shown *providers.Shown
	evidence
	// Drifted reports whether Shown is somebody else's change, which is left as it is.
	Drifted bool
}

// observationBy returns what is known of an entry to who writes it now. What
// another writer made cannot be changed, and is not what this one shows.
func (e *entry) observationBy(s *ScmProvider, v Verdict) Observation {
	now := e.Observation
	if (e.via != nil || now.Shown != nil) && !sameWriter(e.via, s) {
		now.evidence = now.forAnother()
	}
	now.Drifted = e.driftFrom(v.Want) && !e.readDetails().check.restoring
	if e.via != nil && e.via.account != nil && s.account != nil && !sameWriter(e.via, s) {
		now.Shown, now.Drifted = nil, false
	}
	return now
}

// sameWriter reports whether an SCM takes two ScmProviders for the same writer.
func sameWriter(a, b *ScmProvider) bool {
	if a == nil || b == nil || a.account == nil || b.account == nil {
		return false
	}
	return a.account.Writer() == b.account.Writer()
}

// observe records what this process read or wrote through a ScmProvider, nil for nothing shown.
func (e *entry) observe(shown *providers.Shown, via *ScmProvider) {
	e.Shown, e.via, e.writer = shown, via, via.name
	e.observed()
}

// observationOf returns what is known of an entry to who ends an abandonment there. What another
// writer made is not this one's to end.
func (e *entry) observationOf(d *abandonment) Observation {
	now := e.Observation
	if now.Shown != nil && !sameWriter(e.via, d.via) {
		now.evidence = now.forAnother()
	}
	return now
}

// sameStatus reports whether two looks at a key found the same.
func sameStatus(a, b *providers.Shown) bool {
	if a == nil || b == nil {
		return a == b
	}
	before, now := a.Status, b.Status
	if before.Phase == "" && !now.Phase.Known() {
		// A CommitStatus's status has no room for the SCM's own word.
		before.Phase = now.Phase
	}
	return before == now
}
