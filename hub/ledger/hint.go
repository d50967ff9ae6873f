package ledger

import (
	"slices"

	apimeta "k8s.io/apimachinery/pkg/api/meta"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// takeHint reads what a key shows from its owner's status, if this process has not read or
// written the key itself. It ignores the statuses of other claimants, which do not decide what
// the key shows. Under Aggregate all statuses must agree, or none is used.
//
// A status with a right seal counts as written by this process: at once if the predecessor
// published everything, and otherwise once the take-over window has passed.
func (l *Ledger) takeHint(e *entry, v Verdict) {
	if l.provesSeals() {
		e.proved()
	}
	if e.Certain() || v.WaitFor != "" {
		return
	}
	agreed := v.Joined == nil || l.agreed(e)
	if e.source != unread {
		if !agreed {
			e.Shown = nil
			e.disputed()
		}
		return
	}
	o := l.objectAt(v.Owner.Object)
	l.noteRecorded(o)
	if writer := l.scms[o.source.Status.ScmProvider]; agreed && driftTold(o) && (writer == nil || sameWriter(writer, l.scms[v.Owner.Provider])) {
		want := v.Want // a pointer into the verdict would hold on to all of it
		e.mutableDetails().check.drifted = &want
	}
	if hint := hintOf(o.source, o.key(), l.scms[v.Owner.Provider]); hint != nil && agreed {
		l.guess(e, o.source.Status, hint)
		e.read(!upToDate(o) || l.hidesDrift(o, v, hint) || l.tombstones.contradicts(e.key(), hint), proven(o.source))
		if l.provesSeals() {
			e.proved()
		}
		return
	}
	e.readNothing()
	// Treat a key as new, without a lookup, only if no status mentions it, the take-over
	// window has passed, every member has synced, and its commit was unknown to earlier
	// leaders.
	if agreed && o.fresh && (!l.succeeds || !e.on.old) && l.clock.Since(l.started) > takeOverWindow && !l.anyUnsynced() && !l.mayShow(v.Owner.Key) {
		e.isNew()
	}
}

// provesSeals reports whether a sealed status that answers its spec is the newest state. Within
// the take-over window the predecessor may have written more without publishing it.
func (l *Ledger) provesSeals() bool {
	return !l.started.IsZero() && (l.clean || l.clock.Since(l.started) > takeOverWindow)
}

// guess sets what an entry shows to what a status says, unverified.
func (l *Ledger) guess(e *entry, st v1alpha1.CommitStatusStatus, hint *providers.Shown) {
	e.Shown, e.writer, e.via = hint, st.ScmProvider, nil
	if s := l.scms[st.ScmProvider]; s != nil && s.host == e.key().Host {
		e.via = s
	}
	if st.UpdatedAt != nil {
		e.updatedAt = st.UpdatedAt.Time
	}
}

// upToDate reports whether an object's status answers its present spec, with what the SCM
// showed then. What was written since for a spec in between may not have been published.
func upToDate(o *object) bool {
	ready := apimeta.FindStatusCondition(o.source.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil || ready.ObservedGeneration != o.source.Generation {
		return false
	}
	return answersSpec(ready.Reason)
}

// answersSpec reports whether a status with a reason contains what the SCM shows for its spec,
// for as long as neither changes.
func answersSpec(reason string) bool {
	switch reason {
	case v1alpha1.ReasonSynced, v1alpha1.ReasonAggregated, v1alpha1.ReasonShared, v1alpha1.ReasonConflict, v1alpha1.ReasonDrifted:
		return true
	}
	return false
}

// agreed reports whether the statuses of all claims that count tell the same of
// what is shown.
func (l *Ledger) agreed(e *entry) bool {
	if len(e.claims) > l.few {
		return l.indexed(e).agreed()
	}
	var told []reportedStatus
	for _, o := range e.claims {
		if l.synced(o.cluster) {
			told = append(told, o.reported())
		}
	}
	return len(slices.Compact(told)) <= 1
}

// hidesDrift reports whether an object's status says that the SCM shows somebody else's change,
// and does not hold what that is: its own word for a phase, or a text that no spec could have.
func (l *Ledger) hidesDrift(o *object, v Verdict, hint *providers.Shown) bool {
	if hint.Phase == "" {
		return true
	}
	account := v.through(l.scms[v.Owner.Provider].account)
	return saysDrifted(o.source) && account != nil && account.Next(hint, v.Want) == providers.StepNone
}

// driftTold reports whether the status of an object that owned its key says that the
// SCM shows somebody else's change in place of the spec as it is now.
func driftTold(o *object) bool {
	st := o.source.Status
	st.Name = "" // where the status vanished it names none
	return saysDrifted(o.source) && st.Owner == "" && o.scm.tells(st, commitOf(o.key()))
}

// saysDrifted reports whether the status of an object says that the SCM shows somebody else's
// change in place of the spec as it is now.
func saysDrifted(object *v1alpha1.CommitStatus) bool {
	ready := apimeta.FindStatusCondition(object.Status.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonDrifted && ready.ObservedGeneration == object.Generation
}
