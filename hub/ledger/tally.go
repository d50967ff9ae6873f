package ledger

import (
	"cmp"
	"slices"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fewClaims is up to how many claims on a key are looked through to decide between them.
// A tally of more takes 16 to 24 bytes a claim, and a change of one of a thousand takes a
// hundredth of the time.
const fewClaims = 32

// tally is what is to be known of many claims on one key to decide between them, kept in
// step with each change of a claim. Its methods that change it accept nil.
type tally struct {
	// oldestFirst are the claimants that count, by age.
	oldestFirst []*object
	// phases are those that want a phase.
	phases map[v1alpha1.Phase]*phaseTally
	// reported counts what their statuses report to be shown.
	reported map[reportedStatus]int
	// together counts them by Claim.Together, where that is not 0.
	together map[int32]int
	// handed is with what all claimants were handed to the publisher last, nil where any of
	// them has seen something else since.
	handed *commonInput
	// uncounted are the claimants that came or changed since saved writes were counted.
	uncounted map[*object]struct{}
	// changes counts what came, changed or went since the tally was used last.
	changes int
}

// phaseTally are the claimants that want one phase, and those of them with a URL, by age.
type phaseTally struct{ claimants, linked []*object }

// newTally counts claimants in.
func newTally(claimants []*object) *tally {
	t := &tally{
		phases: map[v1alpha1.Phase]*phaseTally{}, reported: map[reportedStatus]int{}, together: map[int32]int{},
		uncounted: map[*object]struct{}{},
	}
	for _, phase := range fromTheWorst {
		t.phases[phase] = &phaseTally{}
	}
	claimants = slices.SortedFunc(slices.Values(claimants), olderClaimant)
	for _, o := range claimants {
		t.count(o, func(list *[]*object, o *object) { *list = append(*list, o) })
	}
	return t
}

// add counts a claimant in.
func (t *tally) add(o *object) {
	if t != nil && !o.counted {
		t.count(o, insert)
	}
}

// count puts a claimant into each list that it belongs to.
func (t *tally) count(o *object, into func(list *[]*object, o *object)) {
	o.counted = true
	into(&t.oldestFirst, o)
	p := t.phase(o)
	into(&p.claimants, o)
	if o.claimed.Spec.URL != "" {
		into(&p.linked, o)
	}
	t.reported[o.reported()]++
	if o.together > 0 {
		t.together[o.together]++
	}
	t.uncounted[o] = struct{}{}
}

// remove takes a claimant out, whose claim must be as it was when it was counted in.
func (t *tally) remove(o *object) {
	if t == nil || !o.counted {
		return
	}
	o.counted = false
	delete(t.uncounted, o)
	drop(&t.oldestFirst, o)
	p := t.phase(o)
	drop(&p.claimants, o)
	drop(&p.linked, o)
	uncount(t.reported, o.reported())
	uncount(t.together, o.together)
}

// uncount takes one off a count, where there is one.
func uncount[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}

func (t *tally) phase(o *object) *phaseTally { return t.phases[o.claimed.Spec.Phase.Canonical()] }

func insert(list *[]*object, o *object) {
	at, _ := slices.BinarySearchFunc(*list, o, olderClaimant)
	*list = slices.Insert(*list, at, o)
}

func drop(list *[]*object, o *object) {
	if at := slices.Index(*list, o); at >= 0 {
		*list = slices.Delete(*list, at, at+1)
	}
}

// olderClaimant orders claimants as older orders their claims.
func olderClaimant(a, b *object) int {
	return cmp.Or(
		a.createdAt().Compare(b.createdAt()),
		cmp.Compare(a.cluster, b.cluster),
		a.claimed.CreationTimestamp.Time.Compare(b.claimed.CreationTimestamp.Time),
		cmp.Compare(a.source.Namespace, b.source.Namespace),
		cmp.Compare(a.source.Name, b.source.Name),
	)
}

func (t *tally) size() int { return len(t.oldestFirst) }

func (t *tally) oldest() Claim { return t.oldestFirst[0].claim() }

func (t *tally) wanting(phase v1alpha1.Phase) int { return len(t.phases[phase].claimants) }

func (t *tally) first(phase v1alpha1.Phase) (ids []ObjectID, url string) {
	p := t.phases[phase]
	for _, o := range p.claimants[:min(len(p.claimants), maxNamed)] {
		ids = append(ids, o.id())
	}
	if len(p.linked) > 0 {
		url = p.linked[0].claimed.Spec.URL
	}
	return ids, url
}

func (t *tally) someMissing() bool {
	told, most := 0, 0
	for together, n := range t.together {
		told, most = told+n, max(most, int(together))
	}
	return told < most
}

func (t *tally) recordedPhase() v1alpha1.Phase {
	var worst v1alpha1.Phase
	for _, o := range t.oldestFirst {
		if o.recorded && worse(o.claimed.Status.Phase.Canonical(), worst) {
			worst = o.claimed.Status.Phase.Canonical()
		}
	}
	return worst
}

// agreed reports whether the statuses of all claimants report the same to be shown.
func (t *tally) agreed() bool { return len(t.reported) <= 1 }

// reportedStatus is what an object's status reports to be shown at its key; known is false
// where it says nothing of that.
type reportedStatus struct {
	providers.Status
	known bool
}
