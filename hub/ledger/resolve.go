package ledger

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// resolve works out what an object claims and moves it between keys.
func (l *Ledger) resolve(o *object) Changes {
	m := l.members[o.cluster]
	if l.isCopy(o) {
		o.problem = errShared
		l.unclaimed.note(o)
		return l.release(o, OutOfSight)
	}
	var s *ScmProvider
	repo := o.repo.GitRepo
	if repo != nil {
		s = l.scms[repo.Spec.ScmProviderRef.Name]
	}
	claim, problem := claimOf(o.id(), o.source, repo, s, l.namespace)
	if m != nil {
		claim.CreatedAt = seniority(claim.CreatedAt, m.joinedAt)
	}
	var out Changes
	switch {
	case problem != nil:
		out.add(l.withdrawAndKeep(o))
	case l.renames(o, claim.Key, s):
		out.add(l.carry(o, claim, s))
		l.rely(o, repo, s)
	case claim.Key != o.key():
		out.add(l.release(o, claimsElsewhere))
		o.served = false
		l.join(o, claim, s)
		l.rely(o, repo, s)
	default:
		before := o.claim()
		if claim.Want != before.Want {
			o.served = false
			l.rely(o, repo, s)
		}
		// A status that is published while claims are missing counts without them.
		claim.Together = max(claim.Together, before.Together)
		l.join(o, claim, s)
	}
	o.problem = problem
	l.unclaimed.note(o)
	if !l.started.IsZero() && l.loaded && !o.placed {
		out.add(l.recallPlace(o))
	}
	out.add(l.changesOf(o))
	return out
}

// renames reports whether a key is that of an object's last claim by another path of the same
// repository.
func (l *Ledger) renames(o *object, to Key, s *ScmProvider) bool {
	if to == o.key() || s.keyToday(o.key()) != s.keyToday(to) {
		return false
	}
	e := l.entryOf(o.key())
	if e == nil {
		return false
	}
	_, kept := e.kept[o.id()]
	return kept || e.claims.has(o)
}

// rely notes on an object's key that the claim is there by a path of today that is to be
// verified.
func (l *Ledger) rely(o *object, repo *v1alpha1.GitRepo, s *ScmProvider) {
	if m, ok := s.today(repo.Spec.Repository); ok && m.stale(l.clock.Now()) {
		l.entryOf(o.key()).mutableDetails().relies = repo.Spec.Repository
	}
}

// join puts an object's claim on its key.
func (l *Ledger) join(o *object, claim Claim, s *ScmProvider) {
	e := l.entryAt(claim.Key)
	if len(e.claims) == 0 && !e.Certain() && !e.Lost() {
		// What other statuses reported of the key does not count for this claim.
		if e.source != unread || e.Shown != nil || !e.readDetails().releasedAt.IsZero() {
			// It is not taken for new either.
			l.tombstones.add(e.key(), untold)
		}
		e.Shown, e.via, e.writer = nil, nil, ""
		e.claimedAnew()
	}
	e.reclaim()
	if claim.Key != o.key() {
		o.fresh = (l.synced(o.cluster) && !o.late || l.joined(o.cluster)) && (o.problem == nil || !o.known) && !l.cutOff(o)
	}
	switch {
	case !o.fresh:
		e.since = time.Time{}
	case len(e.claims) == 0:
		e.since = l.clock.Now()
	}
	delete(e.kept, o.id())
	e.adopt(o.source)
	l.claim(e, o, claim, s)
}

// changesOf returns the object and its key, once its cluster has been synced.
func (l *Ledger) changesOf(o *object) Changes {
	if !l.synced(o.cluster) || l.isCopy(o) {
		return Changes{}
	}
	out := Changes{Objects: []ObjectID{o.id()}}
	if o.problem == nil {
		out.Keys = append(out.Keys, o.key())
	}
	return out
}

// withdrawAndKeep takes an object's claim off its key, and has the object keep the key for the time
// being.
func (l *Ledger) withdrawAndKeep(o *object) Changes {
	e := l.entryOf(o.key())
	if e == nil || !e.claims.has(o) {
		return Changes{}
	}
	l.withdraw(e, o)
	e.keep(o.id())
	return Changes{Keys: []Key{e.key()}}
}

func (e *entry) keep(id ObjectID) {
	if e.kept == nil {
		e.kept = map[ObjectID]struct{}{}
	}
	e.kept[id] = struct{}{}
}

// release takes an object off its key for good. What is left of the key when it
// was the last there depends on why.
func (l *Ledger) release(o *object, why ReleaseReason) Changes {
	e := l.entryOf(o.key())
	if e == nil {
		return Changes{}
	}
	_, kept := e.kept[o.id()]
	if !kept && !e.claims.has(o) {
		return Changes{}
	}
	l.withdraw(e, o)
	delete(e.kept, o.id())
	switch {
	case !e.idle():
	case l.started.IsZero():
		// A standby has written nothing that it would have to remember; others may have.
		l.drop(e)
		l.tombstones.add(e.key(), untold)
	default:
		e.mutableDetails().releasedAt = l.clock.Now()
		// A claim that something came in the way of is ended as any other: credentialOf asks
		// today's grants and ScmProviders.
		if why == claimsElsewhere || why == Deleted {
			l.departs(o, l.abandon(e, o.claim(), o.scm, why))
		}
	}
	return Changes{Keys: []Key{e.key()}}
}

// remove takes an object that is gone out of its member.
func (l *Ledger) remove(m *member, o *object, why ReleaseReason) Changes {
	name := types.NamespacedName{Namespace: o.source.Namespace, Name: o.source.Name}
	delete(m.objects, name)
	l.unclaimed.remove(o)
	delete(m.contests, name)
	out := l.delist(o)
	m.unuse(o)
	out.add(l.release(o, why))
	return out
}
