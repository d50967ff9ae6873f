package ledger

import (
	"hash/maphash"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Patch is a status that has to be published.
type Patch struct {
	ID  ObjectID
	UID types.UID
	// Version is the newest resource version of the object that is known.
	Version string
	Status  v1alpha1.CommitStatusStatus
	// Now is the status that the object has now, and Before what the hub has published
	// before: another one only while others change it.
	Now, Before v1alpha1.CommitStatusStatus
	// NotBefore is when it may be published, zero for at once.
	NotBefore time.Time
	// Source is the CommitStatus, for events about it; it must not be changed.
	Source *v1alpha1.CommitStatus
}

// Fingerprint identifies what a patch would write, and into which version of the object.
func (p Patch) Fingerprint() uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	maphash.WriteComparable(&h, p.UID)
	maphash.WriteComparable(&h, p.Version)
	maphash.WriteComparable(&h, statusHash(p.Status))
	return h.Sum64()
}

// Patch returns the status to publish for an object; ok is false when it has the
// right one, or when its member has not been synced.
func (l *Ledger) Patch(id ObjectID) (_ Patch, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objectAt(id)
	if o == nil || !l.synced(id.Cluster) || l.isCopy(o) {
		return Patch{}, false
	}
	s, ok := l.statusInputOf(o)
	if !ok {
		return Patch{}, false
	}
	status, ok := statusOf(s, l.clock.Now())
	if !ok || equality.Semantic.DeepEqual(Unsealed(status), Unsealed(s.before)) {
		return Patch{}, false
	}
	if due := status.Provider != nil && status.Provider.Seal == sealDue; due {
		status.Provider.Seal = l.seals.Of(o.source.UID, status)
	} else {
		status = Unsealed(status) // what was proven of another spec's status is not proven of this
	}
	p := Patch{ID: id, UID: o.source.UID, Version: o.version(), Status: status, Now: s.before, Before: s.before, Source: o.source}
	if c := l.contestOf(o); c != nil {
		p.Before, p.NotBefore = c.said, c.notBefore(o.statusHash(status), o.source.Generation)
	}
	return p, true
}

// Objects returns the CommitStatuses of a member.
func (l *Ledger) Objects(cluster string) []ObjectID {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.members[cluster]
	if m == nil {
		return nil
	}
	out := make([]ObjectID, 0, len(m.objects))
	for _, o := range m.objects {
		out = append(out, o.id())
	}
	return out
}

// Patched records that a status was published, and as which resource version.
func (l *Ledger) Patched(p Patch, version string) { l.Kept(p, p.Status, version, false) }

// Kept is Patched where the member keeps another status than was sent: without the fields
// that its CRDs lack, or changed by others.
func (l *Ledger) Kept(p Patch, kept v1alpha1.CommitStatusStatus, version string, changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.objectAt(p.ID); o != nil && o.source.UID == p.UID {
		l.published(o, p, kept, version, changed)
	}
}

// ConflictLasted reports whether the conflict in a status still exists, and then counts a
// failure that it overrules.
func (l *Ledger) ConflictLasted(p Patch) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objectAt(p.ID)
	if o == nil || o.source.UID != p.UID || !InConflict(o.statusNow()) {
		return false
	}
	if s, ok := l.statusInputOf(o); ok {
		if status, ok := statusOf(s, l.clock.Now()); ok && !InConflict(status) {
			return false
		}
	}
	if Overruled(p) {
		l.overruled++
	}
	return true
}

// statusNow is the status that an object has in its member, as far as known:
// what was patched last, until the watch has caught up with the patch.
func (o *object) statusNow() v1alpha1.CommitStatusStatus {
	if o.applied == nil {
		return o.source.Status
	}
	return o.applied.status
}

// version is the newest resource version of an object that is known.
func (o *object) version() string {
	if o.applied != nil {
		return o.applied.version
	}
	return o.source.ResourceVersion
}

// statusInputOf gathers how an object stands; ok is false while its key waits for
// its first attempt.
func (l *Ledger) statusInputOf(o *object) (_ statusInput, ok bool) {
	s := statusInput{generation: o.source.Generation, before: o.statusNow(), problem: o.problem}
	if o.problem != nil {
		return s, true
	}
	e := l.entryOf(o.key())
	v, ok := l.verdict(e)
	return l.statusInputBy(s, o, e, v, ok)
}

// statusInputBy completes what statusOf needs to know of a claimant by the verdict on its key.
func (l *Ledger) statusInputBy(s statusInput, o *object, e *entry, v Verdict, ok bool) (statusInput, bool) {
	if s.suspended = ok && l.scms[v.Owner.Provider].suspended; s.suspended {
		s.claim, s.verdict = o.claim(), v
		return s, true
	}
	waits := v.WaitFor != "" || e.source == unread // the key has not been looked at yet
	if !ok || waits && e.pendingOf(l.attemptOf(v)) == nil && e.failureOf(l.attemptOf(v)) == nil {
		return s, false
	}
	s.claim, s.verdict = o.claim(), v
	s.shown, s.certain, s.lost, s.writer, s.updatedAt = e.Shown, e.Certain(), e.doubtful(), e.writer, e.updatedAt
	now := l.attemptOf(v)
	s.failure, s.pending = e.failureOf(now), e.pendingOf(now)
	scm := l.scms[v.Owner.Provider]
	s.drifted, s.title = e.driftFrom(v.Want), scm.kind.Title()
	if scm.account != nil {
		s.dialect = scm.account
	}
	if o.moves() {
		lane := ""
		if scm.account != nil {
			lane, _ = scm.account.Lane(v.Owner.Repository)
		}
		s.moving = l.waitsForOldPlace(o, lane)
	}
	return s, !s.moving || s.pending != nil
}

// Started returns when this process began to write, zero before.
func (l *Ledger) Started() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.started
}

// InConflict reports whether a status says that it is in conflict.
func InConflict(s v1alpha1.CommitStatusStatus) bool {
	ready := apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonConflict
}
