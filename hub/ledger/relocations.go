package ledger

import (
	"maps"
	"slices"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// A repository that has another path today is one repository: a claim on a former path is keyed
// by the path of today. Only the SCM knows that: it says so when a write is redirected, and again
// from an hour after it last said so, before the next request that relies on it.

// Moves are the repositories of one SCM that have moved, as they are recorded.
type Moves struct {
	// ScmProviders are those of the SCM.
	ScmProviders []string
	Repositories []v1alpha1.MovedRepository
}

// changedFor is for how long a change of what is wanted is not worth another look whether a
// repository is still out of the grants.
const changedFor = 10 * time.Second

// movesAt are the relocations of an SCM, never nil.
func (l *Ledger) movesAt(s *ScmProvider) *relocations {
	r := l.moved[s.site()]
	if r == nil {
		r = newRelocations(s.kind.Fold)
		l.moved[s.site()] = r
	}
	return r
}

// RelocationOutcome is what came of a repository's path of today.
type RelocationOutcome int

const (
	// MoveRefused : it is not believed.
	MoveRefused RelocationOutcome = iota
	// MoveKnown : it was known already.
	MoveKnown
	// MoveLearned : it is news.
	MoveLearned
)

// Relocating returns what it would be to learn the path of today of a job's repository, and what is
// to be recorded then.
func (l *Ledger) Relocating(job Job, to string) (RelocationOutcome, Moves) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if job.via == nil {
		return MoveRefused, Moves{}
	}
	moves, from := l.movesAt(job.via), job.Verdict.Owner.Repository
	if known, ok := moves.of(from); ok && moves.fold(known.To) == moves.fold(to) {
		return MoveKnown, Moves{}
	}
	moves.prune(l.spelledAt(job.via.site()))
	then := moves.clone()
	if checkPath(to) != nil || !then.learn(from, to, l.clock.Now()) {
		return MoveRefused, Moves{}
	}
	return MoveLearned, l.movesOf(job.via, then)
}

// Relocated takes in the path of today of a job's repository, and returns the CommitStatus that the
// job was for. What its claims are keyed by follows, where a grant covers it.
func (l *Ledger) Relocated(key Key, job Job, to string) (owner *v1alpha1.CommitStatus, out Changes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if o := l.objectAt(job.Verdict.Owner.Object); o != nil {
		owner = o.source
	}
	moves, from := l.movesAt(job.via), job.Verdict.Owner.Repository
	known, ok := moves.of(from)
	moves.learn(from, to, l.clock.Now())
	if !ok || moves.fold(known.To) != moves.fold(to) {
		out = l.rekey(job.via)
	}
	if e := l.entryToday(key); e != nil {
		e.nothingSent()
		out.Keys = append(out.Keys, e.key())
	}
	out.Keys = append(out.Keys, key)
	return owner, out
}

// Verified processes what the SCM said about a relocation: the repository of its former path has
// that path today. If that is not accepted, the known relocation stays in force for another
// while.
func (l *Ledger) Verified(job Job, path string) (out Changes) {
	l.mu.Lock()
	defer l.mu.Unlock()
	moves, now := l.movesAt(job.via), l.clock.Now()
	from, to := job.Verify.From, job.Verify.To
	switch {
	case moves.fold(path) == moves.fold(from):
		moves.undo(from, now)
	case checkPath(path) == nil:
		if to != "" && moves.fold(path) != moves.fold(to) {
			moves.learn(to, path, now) // it has moved on
		}
		if moves.learn(from, path, now) {
			break
		}
		fallthrough
	default:
		moves.verified(from, now)
	}
	return l.rekey(job.via)
}

// NotVerified takes in that the SCM did not say what a relocation is now: it is believed for
// another while.
func (l *Ledger) NotVerified(job Job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.movesAt(job.via).verified(job.Verify.From, l.clock.Now())
}

// MovesOf returns what is to be recorded of the SCM of a job.
func (l *Ledger) MovesOf(job Job) Moves {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.movesOf(job.via, l.movesAt(job.via))
}

func (l *Ledger) movesOf(at *ScmProvider, moves *relocations) Moves {
	var out Moves
	for name, s := range l.scms {
		if s.kind != nil && s.site() == at.site() {
			out.ScmProviders = append(out.ScmProviders, name)
		}
	}
	slices.Sort(out.ScmProviders)
	for _, each := range moves.all() {
		out.Repositories = append(out.Repositories, each.recorded())
	}
	return out
}

// SetMoves takes in what is recorded in a ScmProvider of the repositories that have moved.
func (l *Ledger) SetMoves(scmProvider string, recorded []v1alpha1.MovedRepository) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.scms[scmProvider]
	if s == nil || s.kind == nil {
		return Changes{}
	}
	s.recorded = recorded
	if !l.restoreMoves(s) {
		return Changes{}
	}
	return l.rekey(s)
}

// restoreMoves takes in what is recorded to have moved, and reports whether anything has
// changed. A standby knows nothing but what is recorded in the ScmProviders of an SCM, of which
// one may be read before another. A leader knows itself what has ended.
func (l *Ledger) restoreMoves(s *ScmProvider) (changed bool) {
	moves := l.movesAt(s)
	if !l.started.IsZero() {
		for _, each := range relocationsOf(s.recorded) {
			changed = moves.restore(each) || changed
		}
		return changed
	}
	var recorded []Relocation
	for _, name := range slices.Sorted(maps.Keys(l.scms)) {
		if each := l.scms[name]; each.kind != nil && each.site() == s.site() {
			recorded = append(recorded, relocationsOf(each.recorded)...)
		}
	}
	return moves.replace(recorded)
}

// relocationsOf are the relocations that a status records, without those whose paths cannot be
// those of repositories.
func relocationsOf(recorded []v1alpha1.MovedRepository) []Relocation {
	var out []Relocation
	for _, each := range recorded {
		if checkPath(each.From) == nil && checkPath(each.To) == nil {
			out = append(out, relocationOf(each))
		}
	}
	return out
}

// spelledAt reports whether a GitRepo has a path at an SCM.
func (l *Ledger) spelledAt(at site) func(folded string) bool {
	spelled := map[string]bool{}
	for _, m := range l.members {
		for _, repo := range m.repos {
			if s := l.scmOf(repo); s != nil && s.kind != nil && s.site() == at {
				spelled[s.kind.Fold(repo.Spec.Repository)] = true
			}
		}
	}
	return func(folded string) bool { return spelled[folded] }
}

// scmOf is the ScmProvider that a GitRepo names, nil where there is none.
func (l *Ledger) scmOf(repo *gitRepo) *ScmProvider {
	if repo == nil || repo.GitRepo == nil {
		return nil
	}
	return l.scms[repo.Spec.ScmProviderRef.Name]
}

// follow has a job whose repository has moved out of the grants say so, unless that has to be
// verified first: it may have moved back.
func (l *Ledger) follow(job *Job, e *entry) {
	owner := &job.Verdict.Owner
	m, ok := job.via.today(owner.Repository)
	believed := movedFor
	if e.failureOf(job.attempt) == nil {
		believed = changedFor
	}
	switch {
	case !ok || job.Account == nil:
	case l.clock.Since(m.verifiedAt) >= believed:
		job.Verify = &m
	default:
		job.Account = nil
		job.Problem = providers.Errorf(v1alpha1.ReasonMoved, "repository %s is %s now, which no grant of ScmProvider %s lets namespace %s of cluster %s write: change spec.repository of the GitRepo, or the grants",
			owner.Repository, m.To, job.via.name, owner.Object.Namespace, owner.Object.Cluster)
	}
}

// verifies has a job that relies on a path of today that is stale have that verified first.
func (l *Ledger) verifies(job *Job, e *entry) {
	if job.Account == nil || job.Verify != nil {
		return
	}
	now := l.clock.Now()
	if path := e.readDetails().relies; path != "" {
		if m, ok := job.via.today(path); ok && m.stale(now) {
			job.Verify = &m
			return
		}
	}
	repo := l.objectAt(job.Verdict.Owner.Object).repo
	if repo == nil || repo.GitRepo == nil || !job.Check && plan(job.Account, job.Observation, job.Verdict.Want) == ActNothing {
		return
	}
	if m, ok := job.via.today(repo.Spec.Repository); ok && m.stale(now) {
		job.Verify = &m
	}
}
