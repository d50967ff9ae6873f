package hub

import (
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// takeOverWindow is how long after its start the hub looks up a key that it
	// sees first, since its predecessor may have written it (DESIGN rule 7).
	takeOverWindow = 60 * time.Second
	// releaseDelay is how long a key without claims is remembered, so that an
	// object that is replaced finds its status again (DESIGN rule 4).
	releaseDelay = 15 * time.Second
)

// entry is what the ledger knows of one key.
type entry struct {
	claims map[ObjectID]*object
	// seen is set once the entry has taken its owner's hint in.
	seen bool
	Observation
	// lostAt is when the write whose answer was lost was sent.
	lostAt    time.Time
	updatedAt time.Time
	// writer is the ScmProvider that wrote or read Shown.
	writer string

	failure  *providers.Error
	attempts int
	retryAt  time.Time
	tried    attempt
	pending  *pending
	wish     wish

	waitFor    string
	releasedAt time.Time
}

// attempt is what a failure was about. When any of it changes, the failure no
// longer stands in the way.
type attempt struct {
	owner string
	want  providers.Status
	epoch uint64
}

// resolve works out what an object claims and moves it between keys.
func (l *Ledger) resolve(o *object) Changes {
	var s *scm
	repo := l.repos[o.repo].GitRepo
	if repo != nil {
		s = l.scms[repo.Spec.ScmProviderRef.Name]
	}
	claim, problem := claimOf(o.id, o.source, repo, s)
	var out Changes
	if o.problem == nil && (problem != nil || claim.Key != o.claim.Key) {
		out.add(l.release(o))
	}
	if claim.Key != o.claim.Key || claim.Want != o.claim.Want {
		o.served = false
	}
	if claim.Key == o.claim.Key {
		// A status that is published while claims are missing counts without them.
		claim.Together = max(claim.Together, o.claim.Together)
	}
	o.problem = problem
	if problem != nil {
		o.claim = Claim{}
	} else {
		o.claim = claim
		e := l.keys[claim.Key]
		if e == nil {
			e = &entry{claims: map[ObjectID]*object{}}
			l.keys[claim.Key] = e
		}
		e.claims[o.id] = o
	}
	out.add(l.changesOf(o))
	return out
}

// changesOf returns the object and its key, once its cluster has been heard.
func (l *Ledger) changesOf(o *object) Changes {
	if !l.heard(o.id.Cluster) {
		return Changes{}
	}
	out := Changes{Objects: []ObjectID{o.id}}
	if o.problem == nil {
		out.Keys = append(out.Keys, o.claim.Key)
	}
	return out
}

// release takes an object's claim off its key.
func (l *Ledger) release(o *object) Changes {
	e := l.keys[o.claim.Key]
	if e == nil || e.claims[o.id] != o {
		return Changes{}
	}
	delete(e.claims, o.id)
	switch {
	case len(e.claims) > 0:
	case l.started.IsZero():
		// A standby has written nothing that it would have to remember.
		delete(l.keys, o.claim.Key)
	default:
		e.releasedAt = l.clock.Now()
	}
	return Changes{Keys: []Key{o.claim.Key}}
}

func (l *Ledger) unuse(o *object) {
	delete(l.users[o.repo], o.id)
	if len(l.users[o.repo]) == 0 {
		delete(l.users, o.repo)
	}
}

func (l *Ledger) remove(o *object) Changes {
	delete(l.objects, o.id)
	delete(l.uids, o.source.UID)
	l.unuse(o)
	if o.problem != nil {
		return Changes{}
	}
	return l.release(o)
}

// heardClaims returns the claims of an entry whose clusters have been heard.
func (l *Ledger) heardClaims(e *entry) []Claim {
	out := make([]Claim, 0, len(e.claims))
	for id, o := range e.claims {
		if l.heard(id.Cluster) {
			out = append(out, o.claim)
		}
	}
	return out
}

// judge decides between the claims on an entry as they are now; ok is false when
// none counts.
func (l *Ledger) judge(e *entry) (_ Verdict, ok bool) {
	claims := l.heardClaims(e)
	if len(claims) == 0 {
		return Verdict{}, false
	}
	v := arbitrate(claims, l)
	l.takeHint(e, v)
	if v.WaitFor == "" {
		e.wish.note(v.Want, l.clock.Now())
	}
	return v, true
}

// attemptOf is what a verdict asks for now.
func (l *Ledger) attemptOf(v Verdict) attempt {
	return attempt{owner: v.Owner.Object.String(), want: v.Want, epoch: l.scms[v.Owner.Provider].epoch}
}

// failureOf returns the failure of an attempt, nil when it has not failed.
func (e *entry) failureOf(a attempt) *providers.Error {
	if e.tried != a {
		return nil
	}
	return e.failure
}

// succeeded forgets what stood in the way.
func (e *entry) succeeded() {
	e.failure, e.attempts, e.retryAt, e.pending = nil, 0, time.Time{}, nil
}

// takeHint lets an entry that this process knows nothing of learn from the status
// of its owner. Other claimants' statuses do not count: whoever may not decide
// what the key shows must not decide what it is believed to show either. Where
// all claims decide together, their statuses have to agree, or none is believed.
func (l *Ledger) takeHint(e *entry, v Verdict) {
	if e.Certain || v.WaitFor != "" {
		return
	}
	agreed := v.Joined == nil || l.agreed(e)
	if e.seen {
		if !agreed {
			e.Shown = nil
		}
		return
	}
	e.seen = true
	s := l.scms[v.Owner.Provider]
	o := e.claims[v.Owner.Object]
	if hint := hintOf(o.source, o.claim, s.kind.Fold); hint != nil && agreed {
		e.Shown = hint
		e.writer = o.source.Status.ScmProvider
		if at := o.source.Status.UpdatedAt; at != nil {
			e.updatedAt = at.Time
		}
		return
	}
	// A key without a trace that turns up later than any write of a predecessor
	// could come to light, with nobody left who may know of one, is new.
	e.Certain = agreed && l.clock.Since(l.started) > takeOverWindow && !l.anyUnheard() && !l.gone.has(v.Owner.Key)
}

// agreed reports whether the statuses of all claims that count tell the same of
// what is shown.
func (l *Ledger) agreed(e *entry) bool {
	first := true
	var told *providers.Shown
	for id, o := range e.claims {
		if !l.heard(id.Cluster) {
			continue
		}
		hint := hintOf(o.source, o.claim, l.scms[o.claim.Provider].kind.Fold)
		if !first && !sameStatus(hint, told) {
			return false
		}
		first, told = false, hint
	}
	return true
}

// observationBy returns what is known of an entry to who writes it now. What
// another ScmProvider wrote has to be looked up: its runs may be another App's.
func (e *entry) observationBy(writer string) Observation {
	now := e.Observation
	now.Certain = now.Certain && (now.Shown == nil || e.writer == writer)
	return now
}
