package ledger

import (
	"slices"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// claimSet are the claims on one key that count.
type claimSet interface {
	size() int
	// oldest is the claim that owns the key. There must be one.
	oldest() Claim
	// wanting is how many want a phase, and first the maxNamed oldest of those, with the URL
	// of the oldest that has one.
	wanting(v1alpha1.Phase) int
	first(v1alpha1.Phase) (_ []ObjectID, url string)
	// someMissing reports whether claimants' statuses count more claims than there are
	// claimants whose status counts.
	someMissing() bool
	// recordedPhase is the worst phase that claimants' statuses say is shown, "" for none.
	recordedPhase() v1alpha1.Phase
}

// claimList are few claims in any order, which are looked through.
type claimList []Claim

func (c claimList) size() int { return len(c) }

func (c claimList) oldest() Claim { return slices.MinFunc(c, older) }

func (c claimList) wanting(phase v1alpha1.Phase) (n int) {
	for i := range c {
		if c[i].Want.Phase == phase {
			n++
		}
	}
	return n
}

func (c claimList) first(phase v1alpha1.Phase) (ids []ObjectID, url string) {
	var first []Claim
	var linked *Claim
	for i := range c {
		claim := &c[i]
		if claim.Want.Phase != phase {
			continue
		}
		if at, _ := slices.BinarySearchFunc(first, *claim, older); at < maxNamed {
			first = slices.Insert(first, at, *claim)
			first = first[:min(len(first), maxNamed)]
		}
		if claim.Want.URL != "" && (linked == nil || older(*claim, *linked) < 0) {
			linked = claim
		}
	}
	for i := range first {
		ids = append(ids, first[i].Object)
	}
	if linked != nil {
		url = linked.Want.URL
	}
	return ids, url
}

func (c claimList) someMissing() bool {
	told, most := 0, 0
	for i := range c {
		if c[i].Together > 0 {
			told++
		}
		most = max(most, c[i].Together)
	}
	return told < most
}

func (c claimList) recordedPhase() v1alpha1.Phase {
	var worst v1alpha1.Phase
	for i := range c {
		if worse(c[i].RecordedPhase, worst) {
			worst = c[i].RecordedPhase
		}
	}
	return worst
}
