package ledger

import (
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
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

// resolve works out what an object claims and moves it between keys.
func (l *Ledger) resolve(o *object) Changes {
	m := l.members[o.cluster]
	if l.isCopy(o) {
		o.problem = errShared
		return l.release(o, OutOfSight)
	}
	var s *ScmProvider
	repo := o.repo.GitRepo
	if repo != nil {
		s = l.scms[repo.Spec.ScmProviderRef.Name]
	}
	claim, problem := claimOf(o.id(), o.source, repo, s)
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
	delete(m.contests, name)
	out := l.delist(o)
	m.unuse(o)
	out.add(l.release(o, why))
	return out
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

// observe records what this process read or wrote through a ScmProvider, nil for nothing shown.
func (e *entry) observe(shown *providers.Shown, via *ScmProvider) {
	e.Shown, e.via, e.writer = shown, via, via.name
	e.observed()
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
