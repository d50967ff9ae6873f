package ledger

import (
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// recallPlaces learns from all statuses where claims were last, once this process
// writes and knows the ScmProviders.
func (l *Ledger) recallPlaces() {
	if l.started.IsZero() || !l.loaded {
		return
	}
	for _, m := range l.members {
		for _, o := range m.objects {
			l.recallPlace(o)
		}
	}
}

// recallPlace learns from an object's status where its last claim was, once this
// process writes: the object may have moved while no hub was there. A member's
// users can forge it, so it counts only where today's grants allow the same, and
// what is shown there is looked up before anything is canceled.
func (l *Ledger) recallPlace(o *object) Changes {
	if l.isCopy(o) {
		return Changes{}
	}
	o.placed = true
	place, s, hint := l.placeTold(o)
	if hint == nil || place.Key == o.key() {
		return Changes{}
	}
	if o.problem != nil {
		if o.key() != (Key{}) {
			return Changes{}
		}
		e := l.entryAt(place.Key)
		o.takeMentioned(place, e, s)
		if e.idle() && !e.Certain() {
			l.guess(e, o.source.Status, hint)
		}
		e.keep(o.id())
		return Changes{}
	}
	e := l.entryAt(place.Key)
	if !e.idle() || e.abandonment != nil {
		return Changes{}
	}
	if !e.Certain() {
		l.guess(e, o.source.Status, hint)
	}
	e.mutableDetails().releasedAt = l.clock.Now()
	l.departs(o, l.abandon(e, place, s, claimsElsewhere))
	return Changes{Keys: []Key{e.key()}}
}

// placeTold returns the place that an object's status names, and what it reports as unfinished
// there; hint is nil where it reports nothing on which to act.
func (l *Ledger) placeTold(o *object) (place Claim, s *ScmProvider, hint *providers.Shown) {
	st := o.statusNow()
	s = l.scms[st.ScmProvider]
	if st.Phase.Canonical().Terminal() || s == nil || s.kind == nil || checkPlace(st) != nil {
		return Claim{}, nil, nil
	}
	repository, ok := strings.CutPrefix(st.Repo, s.host+"/")
	place = Claim{
		Object: o.id(), UID: o.source.UID, Generation: o.source.Generation, Made: o.source.CreationTimestamp.Time, CreatedAt: o.source.CreationTimestamp.Time,
		Key: s.keyTold(st), Repository: repository, Name: st.Name, Provider: s.name,
	}
	if place = place.follow(s); !ok || !s.allows(place) {
		return Claim{}, nil, nil
	}
	told := v1alpha1.CommitStatus{Status: st}
	return place, s, hintOf(&told, place.Key, s)
}
