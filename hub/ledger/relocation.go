package ledger

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// movedFor is for how long a repository's name of today is believed without a look:
	// another repository may be made under the old name.
	movedFor = time.Hour
	// movedAgain is how soon after a repository moved and moved back another move is not believed:
	// an SCM that redirects in a circle has no name of today.
	movedAgain = 10 * time.Second
	// maxRelocations is how many repositories of one SCM may have moved: about 150 KiB in the
	// status of a ScmProvider.
	maxRelocations = 1000
)

// Relocation is a repository's path of today, as the SCM said.
type Relocation struct {
	// From is a former path, and To the path of today.
	From, To string
	// learnedAt is when the SCM said so first, and verifiedAt when it did last.
	learnedAt, verifiedAt time.Time
	// straightBack reports whether it took back another one within movedAgain.
	straightBack bool
}

// recorded is a relocation as it is recorded.
func (r Relocation) recorded() v1alpha1.MovedRepository {
	return v1alpha1.MovedRepository{
		From: r.From, To: r.To,
		LearnedAt: metav1.NewTime(r.learnedAt.UTC().Truncate(time.Second)), VerifiedAt: metav1.NewTime(r.verifiedAt.UTC().Truncate(time.Second)),
	}
}

// relocationOf is a relocation that was recorded.
func relocationOf(r v1alpha1.MovedRepository) Relocation {
	return Relocation{From: r.From, To: r.To, learnedAt: r.LearnedAt.Time, verifiedAt: r.VerifiedAt.Time}
}

// stale reports whether the SCM has to be asked again before the relocation is relied on.
func (r Relocation) stale(now time.Time) bool { return now.Sub(r.verifiedAt) >= movedFor }

// relocations are the repositories of one SCM that have another path today. A path of today
// is never a former one. The nil relocations are none.
type relocations struct {
	fold func(string) string
	// byFormer has them by their folded former path.
	byFormer map[string]Relocation
	// formerly are the former paths by path of today, both folded.
	formerly map[string][]string
	// undoneAt is when a former path was found to be a repository's own again.
	undoneAt map[string]time.Time
}

func newRelocations(fold func(string) string) *relocations {
	return &relocations{fold: fold, byFormer: map[string]Relocation{}, undoneAt: map[string]time.Time{}}
}

// of returns the relocation of the repository of a path; ok is false where none is known.
func (r *relocations) of(repository string) (_ Relocation, ok bool) {
	if r == nil || len(r.byFormer) == 0 {
		return Relocation{}, false
	}
	found, ok := r.byFormer[r.fold(repository)]
	return found, ok
}

// formers returns the former paths of a repository, all folded.
func (r *relocations) formers(repository string) []string {
	if r == nil {
		return nil
	}
	return r.formerly[repository]
}

// changed brings the index up to date.
func (r *relocations) changed() {
	r.formerly = map[string][]string{}
	for _, former := range slices.Sorted(maps.Keys(r.byFormer)) {
		path := r.fold(r.byFormer[former].To)
		r.formerly[path] = append(r.formerly[path], former)
	}
}

// learn records that a repository had another path at a time, and reports whether that is
// accepted.
func (r *relocations) learn(from, to string, now time.Time) bool {
	former, path := r.fold(from), r.fold(to)
	known, is := r.byFormer[former]
	back, leadsBack := r.byFormer[path]
	switch {
	case former == path, !is && len(r.byFormer) >= maxRelocations:
		return false
	case leadsBack && back.straightBack && now.Sub(back.learnedAt) < movedAgain:
		return false
	case is && r.fold(known.To) == path:
		known.verifiedAt = now
		r.byFormer[former] = known
		return true
	}
	r.put(Relocation{
		From: from, To: to, learnedAt: now, verifiedAt: now, straightBack: leadsBack && now.Sub(back.learnedAt) < movedAgain,
	})
	delete(r.undoneAt, former)
	r.changed()
	return true
}

// put adds a relocation that is newer than the ones that are known, and updates those that it
// leads on or back. The index has to be updated afterwards.
func (r *relocations) put(each Relocation) {
	former := r.fold(each.From)
	delete(r.byFormer, r.fold(each.To))
	for key, other := range r.byFormer {
		if r.fold(other.To) == former {
			other.To = each.To
			r.byFormer[key] = other
		}
	}
	r.byFormer[former] = each
}

// replace replaces all relocations by those that a leader has recorded, the newest ones last
// where they contradict each other. It reports whether anything changed.
func (r *relocations) replace(recorded []Relocation) bool {
	next := newRelocations(r.fold)
	slices.SortStableFunc(recorded, func(a, b Relocation) int {
		return cmp.Or(a.learnedAt.Compare(b.learnedAt), a.verifiedAt.Compare(b.verifiedAt))
	})
	for _, each := range recorded {
		_, known := next.byFormer[r.fold(each.From)]
		if r.fold(each.From) != r.fold(each.To) && (known || len(next.byFormer) < maxRelocations) {
			next.put(each)
		}
	}
	changed := len(next.byFormer) != len(r.byFormer)
	for former, each := range next.byFormer {
		known, is := r.byFormer[former]
		changed = changed || !is || r.fold(known.To) != r.fold(each.To)
	}
	r.byFormer = next.byFormer
	r.changed()
	return changed
}

// verified has the relocation of a former path be believed for another while.
func (r *relocations) verified(from string, now time.Time) {
	if each, ok := r.of(from); ok {
		each.verifiedAt = now
		r.byFormer[r.fold(from)] = each
	}
}

// undo takes in that a former path is a repository's own again.
func (r *relocations) undo(from string, now time.Time) {
	delete(r.byFormer, r.fold(from))
	r.changed()
	if len(r.undoneAt) >= maxRelocations {
		clear(r.undoneAt)
	}
	r.undoneAt[r.fold(from)] = now
}

// prune drops those whose former path nobody uses, where there are too many.
func (r *relocations) prune(used func(former string) bool) {
	if len(r.byFormer) < maxRelocations {
		return
	}
	maps.DeleteFunc(r.byFormer, func(former string, _ Relocation) bool { return !used(former) })
	r.changed()
}

// restore takes in a relocation that a hub has recorded, and reports whether it is news.
func (r *relocations) restore(each Relocation) bool {
	former, path := r.fold(each.From), r.fold(each.To)
	known, is := r.byFormer[former]
	_, leadsOn := r.byFormer[path]
	undone, was := r.undoneAt[former]
	switch {
	case former == path, leadsOn, len(r.formers(former)) > 0, was && !each.learnedAt.After(undone):
		return false
	case is:
		if r.fold(known.To) == path && known.verifiedAt.Before(each.verifiedAt) {
			known.verifiedAt = each.verifiedAt
			r.byFormer[former] = known
		}
		return false
	case len(r.byFormer) >= maxRelocations:
		return false
	}
	r.byFormer[former] = each
	r.changed()
	return true
}

// clone returns a copy that can be changed.
func (r *relocations) clone() *relocations {
	out := newRelocations(r.fold)
	out.byFormer, out.undoneAt = maps.Clone(r.byFormer), maps.Clone(r.undoneAt)
	return out
}

// all returns the relocations in order.
func (r *relocations) all() []Relocation {
	if r == nil {
		return nil
	}
	return slices.SortedFunc(maps.Values(r.byFormer), func(a, b Relocation) int { return strings.Compare(a.From, b.From) })
}

// today returns the relocation of a repository; ok is false where it has the same path still.
func (s *ScmProvider) today(repository string) (Relocation, bool) { return s.moves.of(repository) }

// keyToday is the key that a key has by its repository's path of today.
func (s *ScmProvider) keyToday(key Key) Key {
	if m, ok := s.today(key.Repository); ok && key.Host == s.host && key.Kind == s.kind.Name() {
		key.Repository = s.kind.Fold(m.To)
	}
	return key
}

// formerKeys are the keys that a key had by its repository's former paths.
func (l *Ledger) formerKeys(key Key) []Key {
	formers := l.moved[siteOf(key)].formers(key.Repository)
	if len(formers) == 0 {
		return nil
	}
	out := make([]Key, 0, len(formers))
	for _, former := range formers {
		key.Repository = former
		out = append(out, key)
	}
	return out
}

// formerIDs are the ExternalIDs of what the hub made at a key by former paths of its repository.
func (l *Ledger) formerIDs(key Key) []string {
	var out []string
	for _, former := range l.formerKeys(key) {
		out = append(out, former.ExternalID())
	}
	return out
}

// mayShow reports whether the SCM may show something at a key that no status mentions, which
// may have been forgotten under a former path of its repository.
func (l *Ledger) mayShow(key Key) bool {
	return l.tombstones.mayShow(key) || slices.ContainsFunc(l.formerKeys(key), l.tombstones.mayShow)
}
