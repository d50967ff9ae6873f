package ledger

import (
	"cmp"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Verdict is what a key should show, and who says so.
type Verdict struct {
	// Owner is the oldest claim. Its ScmProvider writes the key and says what
	// becomes of claims that want different things.
	Owner Claim
	// Want is what the SCM should show.
	Want providers.Status
	// Joined describes how several claims became Want under conflictPolicy Aggregate, nil where
	// Want is the owner's alone. It describes one claim while the SCM may still show what
	// several became.
	Joined *Joined
	// WaitFor is the cluster that has to be synced before anything is changed,
	// because its claims may forbid it; "" for none.
	WaitFor string
}

// circumstances are what arbitrate has to know beside the claims.
type circumstances interface {
	// aggregates reports whether a ScmProvider's conflictPolicy is Aggregate.
	aggregates(scmProvider string) bool
	// unsynced reports whether a cluster that may claim a key, and whose claims the hub has
	// not read since it started, is still waited for.
	unsynced(cluster string, key Key) bool
	// awaited names one such cluster, "" when there is none.
	awaited(key Key) string
}

// arbitrate decides between claims on one key: the oldest claim owns it, as older
// orders them. The owner alone is shown, or
// all claims together where the owner's ScmProvider aggregates. There must be at
// least one claim; their order does not matter.
//
// An owner that statuses record is waited for while its cluster is unsynced. Under
// Aggregate every claim counts, so while statuses count more claims than are
// here, each unsynced cluster is waited for. What is shown stays meanwhile, unless
// the claims that are here make it worse: that no other claim could forbid, where the
// ScmProvider that statuses say it is written through aggregates. A key whose claims
// are all here, or that no status mentions, does not wait.
func arbitrate(claims claimSet, now circumstances) Verdict {
	owner := claims.oldest()
	v := Verdict{Owner: owner, Want: owner.Want}
	if cluster, _, ok := strings.Cut(owner.RecordedOwner, "/"); ok && now.unsynced(cluster, owner.Key) {
		v.WaitFor = cluster
	}
	if !now.aggregates(owner.Provider) {
		return v
	}
	if claims.size() > 1 {
		v.Want, v.Joined = aggregate(claims)
	}
	if v.WaitFor == "" && claims.someMissing() {
		v.WaitFor = now.awaited(owner.Key)
	}
	if v.WaitFor != "" && worse(v.Want.Phase, claims.recordedPhase()) && (owner.RecordedProvider == "" || now.aggregates(owner.RecordedProvider)) {
		v.WaitFor = ""
	}
	return v
}

// seniority is the age of a claim that counts: since its object was created, or since its
// member's Secret was on the hub, whichever is later. A member can give its objects any
// creationTimestamp, but the Secret's is the hub's own. joinedAt is zero for the hub's own
// cluster.
func seniority(made, joinedAt time.Time) time.Time {
	if made.Before(joinedAt) {
		return joinedAt
	}
	return made
}

// older orders claims by age, the owner first. Ties go by cluster, then within it by its
// own creationTimestamps, namespace and name.
func older(a, b Claim) int {
	return cmp.Or(
		a.CreatedAt.Compare(b.CreatedAt),
		cmp.Compare(a.Object.Cluster, b.Object.Cluster),
		a.Made.Compare(b.Made),
		cmp.Compare(a.Object.Namespace, b.Object.Namespace),
		cmp.Compare(a.Object.Name, b.Object.Name),
	)
}
