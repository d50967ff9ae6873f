package hub

import (
	"cmp"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Verdict is what a key should show, and who says so.
type Verdict struct {
	// Owner is the claim that is shown.
	Owner Claim
	// Want is what the SCM should show.
	Want providers.Status
	// WaitFor is the cluster that has to be heard before anything is changed,
	// because its claim owned the key before the hub started; "" for none.
	WaitFor string
}

// arbitrate decides between claims on one key: the claim that was created first
// owns it, ties go by cluster, namespace and name. unheard reports whether a
// cluster, whose claims the hub has not read since it started, is still waited
// for. There must be at least one claim.
func arbitrate(claims []Claim, unheard func(cluster string) bool) Verdict {
	owner := slices.MinFunc(claims, older)
	v := Verdict{Owner: owner, Want: owner.Want}
	if cluster, _, ok := strings.Cut(owner.RecordedOwner, "/"); ok && unheard(cluster) {
		v.WaitFor = cluster
	}
	return v
}

// older orders claims by age, the owner first.
func older(a, b Claim) int {
	return cmp.Or(
		a.CreatedAt.Compare(b.CreatedAt),
		cmp.Compare(a.Object.Cluster, b.Object.Cluster),
		cmp.Compare(a.Object.Namespace, b.Object.Namespace),
		cmp.Compare(a.Object.Name, b.Object.Name),
	)
}
