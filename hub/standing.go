package hub

import (
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// Patch is a status that has to be published.
type Patch struct {
	ID     ObjectID
	UID    types.UID
	Status v1alpha1.CommitStatusStatus
	// Before is the status that the object has now.
	Before v1alpha1.CommitStatusStatus
	// Source is the CommitStatus, for events about it; it must not be changed.
	Source *v1alpha1.CommitStatus
}

// Patch returns the status to publish for an object; ok is false when it has the
// right one, or when its member has not been heard.
func (l *Ledger) Patch(id ObjectID) (_ Patch, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objects[id]
	if o == nil || !l.heard(id.Cluster) {
		return Patch{}, false
	}
	s, ok := l.standingOf(o)
	if !ok {
		return Patch{}, false
	}
	status, ok := statusOf(s, l.clock.Now())
	if !ok || equality.Semantic.DeepEqual(status, s.before) {
		return Patch{}, false
	}
	return Patch{ID: id, UID: o.source.UID, Status: status, Before: s.before, Source: o.source}, true
}

// Patched records that a status was published, and as which resource version.
func (l *Ledger) Patched(p Patch, version string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.objects[p.ID]; o != nil && o.source.UID == p.UID {
		o.applied, o.patchedAt = &p.Status, version
	}
}

// statusNow is the status that an object has in its member, as far as known:
// what was patched last, until the watch has caught up with the patch.
func (o *object) statusNow() v1alpha1.CommitStatusStatus {
	if o.applied == nil {
		return o.source.Status
	}
	order, err := resourceversion.CompareResourceVersion(o.source.ResourceVersion, o.patchedAt)
	if err == nil && order < 0 {
		return *o.applied
	}
	o.applied, o.patchedAt = nil, ""
	return o.source.Status
}

// standingOf gathers how an object stands; ok is false while its key waits for
// its first attempt.
func (l *Ledger) standingOf(o *object) (_ standing, ok bool) {
	s := standing{generation: o.source.Generation, before: o.statusNow(), problem: o.problem}
	if o.problem != nil {
		return s, true
	}
	e := l.keys[o.claim.Key]
	claims := l.heardClaims(e)
	s.claim = o.claim
	s.verdict = arbitrate(claims, l.unheard)
	l.takeHint(e, s.verdict)
	if s.verdict.WaitFor != "" {
		return s, false
	}
	s.shown, s.writer, s.updatedAt = e.Shown, e.writer, e.updatedAt
	writer := l.scms[s.verdict.Owner.Provider]
	if e.failure != nil && e.tried == (attempt{owner: s.verdict.Owner.Object.String(), want: s.verdict.Want, epoch: writer.epoch}) {
		s.failure = e.failure
	}
	if writer.account != nil {
		s.dialect = writer.account
	}
	return s, true
}

// Counts are figures of the ledger for metrics.
type Counts struct {
	Claims      map[string]int
	Keys        int
	Conflicting int
}

// Count returns the figures of now.
func (l *Ledger) Count() Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := Counts{Claims: map[string]int{}, Keys: len(l.keys)}
	for cluster := range l.members {
		out.Claims[cluster] = 0
	}
	for id, o := range l.objects {
		if o.problem == nil {
			out.Claims[id.Cluster]++
		}
	}
	for _, e := range l.keys {
		if e.conflicting() {
			out.Conflicting++
		}
	}
	return out
}

// conflicting reports whether the claims on a key want different things.
func (e *entry) conflicting() bool {
	var first *object
	for _, o := range e.claims {
		if first != nil && o.claim.Want != first.claim.Want {
			return true
		}
		first = o
	}
	return false
}

// Started returns when this process began to write, zero before.
func (l *Ledger) Started() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.started
}
