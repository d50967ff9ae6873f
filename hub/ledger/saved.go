package ledger

import (
	"hash/maphash"
	"maps"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Saved counts the writes that were not needed because the hub knows who else
// wants the same, what was overtaken, and what is shown already.
type Saved struct {
	// Duplicate : claims that were served by a write, or by a status that was
	// right already, together with another claim on the same key.
	Duplicate uint64
	// Coalesced : states that a key should have shown, and that were overtaken
	// before one was tried.
	Coalesced uint64
	// Unchanged : keys that turned out to show already what a new claim, or a
	// claim that has changed, wants, where no other claim had it shown.
	Unchanged uint64
}

func (s Saved) plus(o Saved) Saved {
	return Saved{Duplicate: s.Duplicate + o.Duplicate, Coalesced: s.Coalesced + o.Coalesced, Unchanged: s.Unchanged + o.Unchanged}
}

// addSaved counts what a job saved, for all and for the installation that would have paid for it.
func (l *Ledger) addSaved(job Job, saved Saved) {
	if saved == (Saved{}) {
		return
	}
	l.saved = l.saved.plus(saved)
	if job.Account != nil {
		lane, _ := job.Account.Lane(job.Verdict.Owner.Repository)
		l.savedAt[lane] = l.savedAt[lane].plus(saved)
	}
}

// SavedAt returns the writes that one installation was spared since the start of the process.
func (l *Ledger) SavedAt(installation string) Saved {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.savedAt[installation]
}

// RetireSaved forgets what was saved at the installations for which known returns false.
func (l *Ledger) RetireSaved(known func(installation string) bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	maps.DeleteFunc(l.savedAt, func(lane string, _ Saved) bool { return !known(lane) })
}

// desiredState follows what a key should show.
type desiredState struct {
	// fingerprint stands for what that is now.
	fingerprint uint64
	// seen counts the states that the key should have shown, one after another;
	// tried is the last of them that had an outcome.
	seen, tried uint32
	// since is when the last of them was seen first, zero once the SCM shows it.
	since time.Time
}

// fingerprintSeed is what statuses are hashed by: two with one hash are at worst one state that
// is not counted.
var fingerprintSeed = maphash.MakeSeed()

func (w *desiredState) note(want providers.Status, at time.Time) {
	now := maphash.Comparable(fingerprintSeed, want)
	if w.seen > 0 && w.fingerprint == now {
		return
	}
	w.fingerprint, w.since = now, at
	w.seen++
}

// end takes the outcome of a job, and returns how many states it overtook.
func (w *desiredState) end(job Job, shown bool) (overtaken uint64) {
	if shown && job.desired.seen == w.seen {
		w.since = time.Time{}
	}
	if job.desired.seen <= w.tried {
		return 0
	}
	overtaken = uint64(job.desired.seen - w.tried - 1)
	w.tried = job.desired.seen
	return overtaken
}

// count adds up what was saved now that a key shows what its job wants, by a
// write or without one. A claim that was served already is counted by writes only,
// so that a second look at the same key counts nothing. Where claims are shown
// together each is served, and counted when it is new or has changed. changed are the
// claimants that may have to be counted; the others were when they were looked at last.
func (l *Ledger) count(e *entry, job Job, changed []*object, wrote bool) {
	overtaken := e.desired.end(job, true)
	saved := Saved{Coalesced: overtaken}
	defer func() { l.addSaved(job, saved) }()
	together := job.Verdict.Joined != nil
	before, now := uint64(len(e.claims)-len(changed)), uint64(0)
	if t := e.claimIndex(); t != nil {
		clear(t.uncounted)
	}
	for _, o := range changed {
		switch {
		case !l.synced(o.cluster):
		case o.served && (!wrote || together):
			before++
		default:
			o.served = together || job.Account.Next(e.Shown, wantOf(o.claimed.Spec)) == providers.StepNone
			if o.served {
				now++
			}
		}
	}
	if together && now > 0 {
		// What was overtaken were other claims' changes: they are counted already.
		now = max(now, overtaken+1) - overtaken
	}
	switch {
	case now == 0:
	case wrote:
		saved.Duplicate += now - 1
	case before > 0:
		saved.Duplicate += now
	default:
		saved.Unchanged++
		saved.Duplicate += now - 1
	}
}

// Overruled reports whether a status is the first to tell a claimant that its
// failure is not shown, since its spec or what is shown changed.
func Overruled(p Patch) bool {
	now := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	if now == nil || now.Reason != v1alpha1.ReasonConflict ||
		p.Source.Spec.Phase != v1alpha1.PhaseFailure || p.Status.Phase == v1alpha1.PhaseFailure {
		return false
	}
	before := apimeta.FindStatusCondition(p.Before.Conditions, v1alpha1.ConditionReady)
	return before == nil || before.Reason != now.Reason ||
		before.ObservedGeneration != now.ObservedGeneration || p.Before.Phase != p.Status.Phase
}
