package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// rekey resolves anew all claims on repositories of an SCM that have moved, or no longer have,
// and has what else is known there follow.
func (l *Ledger) rekey(s *ScmProvider) Changes {
	var out Changes
	for _, m := range l.members {
		for _, repo := range m.repos {
			if at := l.scmOf(repo); at != nil && at.kind != nil && at.site() == s.site() {
				for o := range repo.users {
					out.add(l.resolveMoved(o, at))
				}
			}
		}
	}
	for _, c := range slices.Collect(maps.Values(l.commits)) {
		if s.keyToday(c.at) == c.at {
			continue
		}
		for _, e := range slices.Clone(c.entries) {
			out.add(l.carryRest(e, s))
		}
	}
	return out
}

// resolveMoved resolves an object whose repository's path of today is not the one it is keyed by.
func (l *Ledger) resolveMoved(o *object, s *ScmProvider) Changes {
	path := o.repo.Spec.Repository
	if m, ok := s.today(path); ok {
		path = m.To
	}
	e := l.entryOf(o.key())
	told := e != nil && e.more != nil && e.more.failure != nil && e.more.failure.Reason == v1alpha1.ReasonMoved
	switch {
	case told:
		e.more.tried = attempt{} // that was about where the repository was
	case o.problem == nil && s.kind.Fold(o.repository) == s.kind.Fold(path):
		return Changes{}
	}
	return l.resolve(o)
}

// carry moves an object's claim to the key that its repository's path of today makes. It is the
// same place: what is known of it goes along, and nothing is ended.
func (l *Ledger) carry(o *object, claim Claim, s *ScmProvider) Changes {
	e, to, fresh := l.entryOf(o.key()), l.entryAt(claim.Key), o.fresh
	inherited := l.inherit(to, e)
	last, via := o.claim(), o.scm
	out := l.release(o, relocated)
	to.reclaim()
	if !fresh {
		to.since = time.Time{}
	}
	delete(to.kept, o.id())
	to.adopt(o.source)
	l.claim(to, o, claim, s)
	if !l.started.IsZero() && e.idle() && e.abandonment == nil && !inherited && superseded(e, to) {
		// The SCM shows a run of each name: the one that counts no longer is ended.
		l.departs(o, l.abandon(e, last, via, claimsElsewhere))
		out.Keys = append(out.Keys, e.key())
	}
	l.dropCarried(e)
	return out
}

// carryRest moves what is left of an entry after its claims to the key of today: who keeps it,
// and what is to be ended.
func (l *Ledger) carryRest(e *entry, s *ScmProvider) Changes {
	var out Changes
	for id := range e.kept {
		o, to := l.objectAt(id), l.entryAt(s.keyToday(e.key()))
		if o == nil {
			continue
		}
		l.inherit(to, e)
		delete(e.kept, id)
		to.keep(id)
		if o.at == e {
			o.at = to
		}
		out.Keys = append(out.Keys, to.key())
	}
	if d := e.abandonment; e.idle() && d != nil && d.via != nil {
		if there := d.claim.follow(d.via); there.Key != d.claim.Key {
			to := l.entryAt(there.Key)
			claimed := !to.idle()
			switch {
			case !l.inherit(to, e):
			case claimed:
				e.dropAbandonment() // it is the same place, which is claimed again
			default:
				to.abandonment, e.abandonment = d, nil
				to.mutableDetails().releasedAt = e.readDetails().releasedAt
				d.claim.Key, d.claim.Repository = there.Key, there.Repository
			}
			out.Keys = append(out.Keys, to.key(), e.key())
		}
	}
	l.dropCarried(e)
	return out
}

// dropCarried drops an entry of which nothing is left after its claims were carried on.
func (l *Ledger) dropCarried(e *entry) {
	if e.idle() && e.abandonment == nil && l.entryOf(e.key()) == e {
		l.drop(e)
		l.tombstones.add(e.key(), untold)
	}
}

// inherit has an entry of which nothing is known learn all that is known of the entry that its
// place had by a former path, and reports whether it did.
func (l *Ledger) inherit(to, from *entry) bool {
	switch {
	case !to.blank():
		return false
	case from.blank() && !to.idle():
		return true // neither tells anything
	}
	to.writes += 2 // a job that was made before knew less
	to.on.old = to.on.old || from.on.old
	to.Observation, to.updatedAt, to.writer, to.via = from.Observation, from.updatedAt, from.writer, from.via
	to.checkAt = from.checkAt
	if to.idle() {
		to.desired, to.since = from.desired, from.since
	}
	if to.Shown == nil && !to.Lost() {
		to.movedEmpty()
	}
	if from.more != nil {
		d, was := to.mutableDetails(), *from.more
		d.lostAt, d.lostWant, d.lookAt, d.guarded, d.recheckAt, d.check = was.lostAt, was.lostWant, was.lookAt, was.guarded, was.recheckAt, was.check
		to.tidy()
	}
	if d := from.abandonment; d != nil && d.why == replaced {
		to.abandonment, from.abandonment = d, nil
		d.claim.Key = to.key()
	}
	if from.writes%2 == 1 && !to.Lost() {
		// What is under way there takes effect here.
		to.lose(l.clock.Now(), providers.Status{})
		to.mutableDetails().underWay = true
	}
	return true
}

// blank reports whether nothing is known of an entry but, maybe, that nothing is shown.
func (e *entry) blank() bool {
	return e.Shown == nil && !e.Lost() && e.abandonment == nil && e.writes%2 == 0
}

// claimedToday reports whether what is to be ended at an entry is what claims want that name the
// repository by its path of today. Only check runs of one name are several; elsewhere, a name on a
// commit has one status, whatever path it was written by.
func (l *Ledger) claimedToday(e *entry, d *abandonment) bool {
	there := l.entryOf(d.claim.follow(d.via).Key)
	if there == nil || there == e || there.idle() || e.Shown == nil {
		return false
	}
	run := e.Shown.Handle.GitHub
	if run == nil || run.CheckRunID == 0 {
		return true
	}
	return there.Shown != nil && there.Shown.Handle.GitHub != nil && there.Shown.Handle.GitHub.CheckRunID == run.CheckRunID
}

// superseded reports whether what an entry shows is unfinished, or may be, and another run than
// what another entry shows, which the SCM shows beside it.
func superseded(e, by *entry) bool {
	if e.Lost() {
		return true
	}
	if e.Shown == nil || e.Shown.Foreign || e.Shown.Over() {
		return false
	}
	run := e.Shown.Handle.GitHub
	return run != nil && run.CheckRunID != 0 && (by.Shown == nil || by.Shown.Handle.GitHub == nil || by.Shown.Handle.GitHub.CheckRunID != run.CheckRunID)
}

// nothingSent takes in that what was under way when a key was carried on had no effect.
func (e *entry) nothingSent() {
	if e.readDetails().underWay && e.Lost() {
		e.refuted()
		d := e.mutableDetails()
		d.underWay, d.lostAt, d.lostWant = false, time.Time{}, providers.Status{}
		e.tidy()
	}
}
