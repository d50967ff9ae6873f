package ledger

import (
	"fmt"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// What the tests of package ledger_test look into.

const (
	AbandonedTexts  = abandonedTexts
	AbandonmentTTL  = abandonmentTTL
	AnsweredLimit   = answeredLimit
	CountStep       = countStep
	FirstCheck      = firstCheck
	PlaceSize       = placeSize
	AskedEvery      = askedEvery
	DefaultInterval = defaultInterval
	FewClaims       = fewClaims
	MovedFor        = movedFor
	ReleaseDelay    = releaseDelay
	SealRight       = sealRight
	SettleTime      = settleTime
	TakeOverWindow  = takeOverWindow
	UnsyncedCheck   = unsyncedCheck
)

// About and the others are functions that tests of package ledger_test hold to tables.
var (
	About    = about
	PlaceOf  = placeOf
	Answered = answered
	AnyPhase = anyPhase
	Texts    = texts
	Fill     = fill
)

// Asker returns who asked for the look of a job.
func (j Job) Asker() ObjectID { return j.asker }

// Entry returns what is known of a key, nil for nothing.
func (l *Ledger) Entry(key Key) *entry { return l.entryOf(key) }

// Plain reports whether nothing is kept of a key that few keys have.
func (e *entry) Plain() bool { return e.more == nil }

// Owners returns the clusters whose claims are on a key.
func (l *Ledger) Owners(key Key) (clusters []string) {
	if e := l.entryOf(key); e != nil {
		for _, o := range e.claims {
			clusters = append(clusters, o.cluster)
		}
	}
	return clusters
}

// WaitedFor returns how many members keys wait for.
func (l *Ledger) WaitedFor() int { return len(l.waiting) }

// Known returns a ScmProvider.
func (l *Ledger) Known(scmProvider string) *ScmProvider { return l.scms[scmProvider] }

// Granting returns a ScmProvider with other grants.
func (s *ScmProvider) Granting(grants ...v1alpha1.Grant) *ScmProvider {
	out := *s
	out.grants = compileGrants(grants, &out)
	return &out
}

// Today returns the path of today of a repository.
func (s *ScmProvider) Today(path string) string {
	if m, ok := s.today(path); ok {
		return m.To
	}
	return path
}

// KeyTold returns the key that a status is about.
func (s *ScmProvider) KeyTold(st v1alpha1.CommitStatusStatus) Key { return s.keyTold(st) }

// Recorded returns a move as it is recorded.
func Recorded(from, to string, at time.Time) v1alpha1.MovedRepository {
	return Relocation{From: from, To: to, learnedAt: at, verifiedAt: at}.recorded()
}

// SetFew sets up to how many claims on a key have no tally.
func (l *Ledger) SetFew(n int) { l.few = n }

// IsSynced reports whether a cluster has been synced.
func (l *Ledger) IsSynced(cluster string) bool { return l.synced(cluster) }

// IsUnsynced reports whether a cluster that has a Secret has not been synced.
func (l *Ledger) IsUnsynced(cluster string) bool { return l.isUnsynced(cluster) }

// AnyUnsynced reports whether any has not.
func (l *Ledger) AnyUnsynced() bool { return l.anyUnsynced() }

// InGrace reports whether members are waited for.
func (l *Ledger) InGrace() bool { return l.inGrace() }

// MayKnow reports whether an earlier hub may know a key's commit.
func (l *Ledger) MayKnow(key Key) bool {
	c := l.commits[commitOf(key)]
	return c != nil && c.old && l.succeeds
}

// End is what is to be ended at a key that was left.
type End struct {
	Claim Claim
	// Replaced reports whether another writer takes the key over, and Certain whether what is
	// shown is known.
	Replaced, Certain bool
}

// EndAt returns what is to be ended at a key, nil for nothing.
func (l *Ledger) EndAt(key Key) *End {
	e := l.entryOf(key)
	if e == nil || e.abandonment == nil {
		return nil
	}
	return &End{Claim: e.abandonment.claim, Replaced: e.abandonment.why == replaced, Certain: e.Certain()}
}

// Remembered returns what is left of all objects and keys, "" for nothing.
func (l *Ledger) Remembered() string {
	if n := len(l.unclaimed.bySHA) + len(l.unclaimed.shas) + l.keys + len(l.commits) + len(l.uids) + len(l.sharers) + len(l.sharings) + len(l.waiting); n > 0 {
		return fmt.Sprintf("%v %v %v %v %v %v", l.keys, l.commits, l.uids, l.sharers, l.sharings, l.waiting)
	}
	for name, member := range l.members {
		left := len(member.objects)
		for _, repo := range member.repos {
			left += len(repo.users)
		}
		if left > 0 {
			return fmt.Sprintf("%v %v of %s", member.objects, member.repos, name)
		}
	}
	return ""
}

// Claimants are the objects that claim a key.
func (l *Ledger) Claimants(key Key) []ObjectID {
	if e := l.entryOf(key); e != nil {
		return l.claimants(e).Objects
	}
	return nil
}

// Dump writes down all that a ledger holds of a key and of the objects that claim it, but for the
// tally, which is only kept so that it need not be made again.
func (l *Ledger) Dump(key Key) string {
	e := l.entryOf(key)
	if e == nil {
		return "nothing"
	}
	bare, more := *e, e.readDetails()
	bare.more, more.claimIndex = nil, nil
	text := fmt.Sprintf("%+v\n%+v\n", bare, more)
	if e.abandonment != nil {
		text += fmt.Sprintf("%+v\n", *e.abandonment)
	}
	for _, o := range e.claims {
		claimant := *o
		claimant.counted = false
		text += fmt.Sprintf("%+v %d\n", claimant, len(l.members[o.cluster].contests))
	}
	return text
}

// Commits returns how many commits there are.
func (l *Ledger) Commits() int { return len(l.commits) }

// BoundAbandonments bounds how many places the objects of one member may have left.
func (l *Ledger) BoundAbandonments(n int) { l.abandonedLimit = n }

// Abandonments is what is kept of the places that the objects of a member left.
type Abandonments struct{ Places, Texts int }

// Abandonments returns what is kept of the places that the objects of a member left, nil for a
// member of which nothing is counted.
func (l *Ledger) Abandonments(cluster string) *Abandonments {
	a := l.abandoned[cluster]
	if a == nil {
		return nil
	}
	return &Abandonments{Places: a.places, Texts: a.texts}
}

// Moves reports whether an object waits for the end of its earlier place.
func (l *Ledger) Moves(id ObjectID) bool { return l.objectAt(id).moves() }

// Contests returns what was published of the statuses of a member that others change, too.
func (l *Ledger) Contests(cluster string) (said []v1alpha1.CommitStatusStatus) {
	for _, c := range l.members[cluster].contests {
		said = append(said, c.said)
	}
	return said
}

// Applied returns the status that an object's member was patched with.
func (l *Ledger) Applied(id ObjectID) v1alpha1.CommitStatusStatus {
	return l.objectAt(id).applied.status
}

// LastClaimed returns the version of an object that made its last claim.
func (l *Ledger) LastClaimed(id ObjectID) *v1alpha1.CommitStatus { return l.objectAt(id).claimed }

// Indexed reports whether the claims on a key have an index.
func (l *Ledger) Indexed(key Key) bool {
	e := l.entryOf(key)
	return e != nil && e.claimIndex() != nil
}

// CountsBetween is Count, and calls between where others have a turn.
func (l *Ledger) CountsBetween(between func()) Counts { return l.counts(between) }

// Repos returns how many GitRepos of a member there are.
func (l *Ledger) Repos(cluster string) int { return len(l.members[cluster].repos) }

// IsPending reports whether claimants of a key are told that it waits.
func (l *Ledger) IsPending(key Key) bool { return l.entryOf(key).readDetails().pending != nil }

// Keepers returns how many objects keep a key that they do not claim.
func (l *Ledger) Keepers(key Key) int { return len(l.entryOf(key).kept) }

// WaitsFor reports whether a key waits for a member that has not been synced.
func (l *Ledger) WaitsFor(cluster string, key Key) bool { return l.unsynced(cluster, key) }
