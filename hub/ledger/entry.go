package ledger

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// takeOverWindow is how long after its start the hub looks up a key that it
	// sees first, since its predecessor may have written it.
	takeOverWindow = 60 * time.Second
	// releaseDelay is how long a key without claims is remembered, so that an
	// object that is replaced finds its status again.
	releaseDelay = 15 * time.Second
)

// entry is what the ledger knows of one key.
type entry struct {
	// on is the commit, and name the status's on it.
	on     *commit
	name   string
	claims claimants
	// kept are the objects whose last claim was on this key and that claim nothing now, because
	// a reference is unresolved or a grant is missing. While there are any, nothing is canceled.
	kept map[ObjectID]struct{}
	// slot is the index among the entries of the commit.
	slot int32
	Observation
	updatedAt time.Time
	// writer is the ScmProvider that wrote or read Shown, and via how that was then;
	// nil where it is not known any more.
	writer  string
	via     *ScmProvider
	desired desiredState

	// since is when the key was first claimed; zero if that may have been before this process
	// watched.
	since time.Time
	// abandonment is what has to be ended at this key; nil for nothing.
	abandonment *abandonment
	// checkAt is when the next comparison with the SCM is due, zero while that is not
	// planned.
	checkAt time.Time
	// writes is incremented when a write begins and when it ends, so it is odd during one.
	writes uint64
	// more is what few entries have, nil for none.
	more *details
}

// idle reports whether no object claims the key or keeps it.
func (e *entry) idle() bool { return len(e.claims) == 0 && len(e.kept) == 0 }

// key returns the entry's key.
func (e *entry) key() Key {
	key := e.on.at
	key.Name = e.name
	return key
}

// verdict decides between the claims on an entry as they are now; ok is false when
// none counts.
func (l *Ledger) verdict(e *entry) (_ Verdict, ok bool) {
	claims := l.counting(e)
	if claims.size() == 0 {
		return Verdict{}, false
	}
	return l.joinLast(e, arbitrate(claims, l)), true
}

// joinLast returns the verdict on a single claim as one of joined claims while the SCM may still
// show what several became.
func (l *Ledger) joinLast(e *entry, v Verdict) Verdict {
	if v.Joined == nil && l.aggregates(v.Owner.Provider) && e.Shown != nil && countIn(e.Shown.Description) > 0 {
		// What several claims were shown as is not the last one's fault.
		v.Joined = &Joined{Claims: 1, Worst: 1, First: []ObjectID{v.Owner.Object}}
	}
	return v
}

// attemptOf is what a verdict asks for now.
func (l *Ledger) attemptOf(v Verdict) attempt {
	return attempt{owner: v.Owner.Object.String(), want: v.Want, epoch: l.scms[v.Owner.Provider].epoch}
}

// adopt has what is shown share equal texts of an object that claims the key: an object that
// comes again brings texts of its own.
func (e *entry) adopt(from *v1alpha1.CommitStatus) {
	if e.Shown == nil {
		return
	}
	shown := *e.Shown
	same(&shown.Description, from.Status.Description)
	same(&shown.URL, from.Status.URL)
	same(&shown.Description, from.Spec.Description)
	same(&shown.URL, from.Spec.URL)
	e.Shown = &shown
}
