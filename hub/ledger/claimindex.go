package ledger

import (
	"cmp"
	"slices"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fewClaims is the largest number of claims on a key that are read one by one to decide between
// them. An index of more takes 16 to 24 bytes a claim, and a change of one of a thousand takes
// a hundredth of the time.
const fewClaims = 32

// claimIndex indexes many claims on one key, as needed to decide between them, and is updated
// with each change of a claim. Its methods that change it accept nil.
type claimIndex struct {
	// oldestFirst are the claimants that count, by age.
	oldestFirst []*object
	// phases are those that want a phase.
	phases map[v1alpha1.Phase]*phaseIndex
	// reported counts what their statuses report to be shown.
	reported map[reportedStatus]int
	// together counts them by Claim.Together, where that is not 0.
	together map[int32]int
	// handed is with what all claimants were handed to the publisher last, nil where any of
	// them has seen something else since.
	handed *commonInput
	// uncounted are the claimants that came or changed since saved writes were counted.
	uncounted map[*object]struct{}
	// changes counts the claims that came, changed or went since the index was last used.
	changes int
}

// phaseTally are the claimants that want one phase, and those of them with a URL, by age.
type phaseIndex struct{ claimants, linked []*object }

// newTally counts claimants in.
func newClaimIndex(claimants []*object) *claimIndex {
	t := &claimIndex{
		phases: map[v1alpha1.Phase]*phaseIndex{}, reported: map[reportedStatus]int{}, together: map[int32]int{},
		uncounted: map[*object]struct{}{},
	}
	for _, phase := range fromTheWorst {
		t.phases[phase] = &phaseIndex{}
	}
	claimants = slices.SortedFunc(slices.Values(claimants), olderClaimant)
	for _, o := range claimants {
		t.count(o, func(list *[]*object, o *object) { *list = append(*list, o) })
	}
	return t
}

// add counts a claimant in.
func (t *claimIndex) add(o *object) {
	if t != nil && !o.counted {
		t.count(o, insert)
	}
}

// count puts a claimant into each list that it belongs to.
func (t *claimIndex) count(o *object, into func(list *[]*object, o *object)) {
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
func (t *claimIndex) remove(o *object) {
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

func (t *claimIndex) phase(o *object) *phaseIndex { return t.phases[o.claimed.Spec.Phase.Canonical()] }

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

func (t *claimIndex) size() int { return len(t.oldestFirst) }

func (t *claimIndex) oldest() Claim { return t.oldestFirst[0].claim() }

func (t *claimIndex) wanting(phase v1alpha1.Phase) int { return len(t.phases[phase].claimants) }

func (t *claimIndex) first(phase v1alpha1.Phase) (ids []ObjectID, url string) {
	p := t.phases[phase]
	for _, o := range p.claimants[:min(len(p.claimants), maxNamed)] {
		ids = append(ids, o.id())
	}
	if len(p.linked) > 0 {
		url = p.linked[0].claimed.Spec.URL
	}
	return ids, url
}

func (t *claimIndex) someMissing() bool {
	told, most := 0, 0
	for together, n := range t.together {
		told, most = told+n, max(most, int(together))
	}
	return told < most
}

func (t *claimIndex) recordedPhase() v1alpha1.Phase {
	var worst v1alpha1.Phase
	for _, o := range t.oldestFirst {
		if o.recorded && worse(o.claimed.Status.Phase.Canonical(), worst) {
			worst = o.claimed.Status.Phase.Canonical()
		}
	}
	return worst
}

// agreed reports whether the statuses of all claimants report the same to be shown.
func (t *claimIndex) agreed() bool { return len(t.reported) <= 1 }

// reportedStatus is what an object's status reports to be shown at its key; known is false
// where it says nothing of that.
type reportedStatus struct {
	providers.Status
	known bool
}
