package ledger

import (
	"hash/maphash"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

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

// InConflict reports whether a status says that it is in conflict.
func InConflict(s v1alpha1.CommitStatusStatus) bool {
	ready := apimeta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Reason == v1alpha1.ReasonConflict
}

// published takes in what the member made of a patch: kept is the status that it has now,
// which changed says is not what was sent.
func (l *Ledger) published(o *object, p Patch, kept v1alpha1.CommitStatusStatus, version string, changed bool) {
	order, err := resourceversion.CompareResourceVersion(o.source.ResourceVersion, version)
	switch {
	case err == nil && order < 0:
		o.applied = &applied{status: answered(p.Status, kept), version: version}
	case err == nil:
		// The watch was faster. What it brought was taken for the change of others.
		o.applied = nil
		changed = changed || !equality.Semantic.DeepEqual(Unsealed(o.source.Status), Unsealed(kept))
	}
	if changed {
		l.contested(o, p.Status)
	}
	c := l.contestOf(o)
	if c == nil {
		return
	}
	c.said, c.words, c.generation, c.overwritten = inShort(p.Status), o.statusHash(p.Status), p.Status.ObservedGeneration, changed
	if !changed && c.writes == 0 {
		delete(l.members[o.cluster].contests, types.NamespacedName{Namespace: p.ID.Namespace, Name: p.ID.Name})
	}
}

// precedes reports whether a resource version is before another one. Versions that cannot be
// compared are not.
func precedes(version, other string) bool {
	order, err := resourceversion.CompareResourceVersion(version, other)
	return err == nil && order < 0
}
