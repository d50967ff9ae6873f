package ledger

import (
	"fmt"
	"reflect"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// What the tests of package ledger_test, which have a worker bring keys forward, look into.

const (
	AbandonmentTTL  = abandonmentTTL
	AskedEvery      = askedEvery
	AwaitTold       = awaitTold
	ChangedFor      = changedFor
	DefaultInterval = defaultInterval
	FewClaims       = fewClaims
	FirstRetry      = firstRetry
	MaxRestores     = maxRestores
	MoveCheck       = moveCheck
	MovedFor        = movedFor
	OldestChecked   = oldestChecked
	ProvenFor       = provenFor
	ReleaseDelay    = releaseDelay
	SealRight       = sealRight
	SettleTime      = settleTime
	SoonestConfirm  = soonestConfirm
	TakeOverWindow  = takeOverWindow
	UnsyncedCheck   = unsyncedCheck
)

// What tests of both packages make objects with.
var (
	FirstKey  = firstKey
	SecondKey = secondKey
	SealsWith = sealsWith
	SealedBy  = sealedBy
	Grants    = grants
)

// Asker returns who asked for the look of a job.
func (j Job) Asker() ObjectID { return j.asker }

// Rebegin has a ledger begin to write now.
func (l *Ledger) Rebegin(after Predecessor) Changes {
	l.started = time.Time{}
	return l.Begin(after)
}

// Unload has a ledger that has begun to write know no ScmProviders yet.
func (l *Ledger) Unload() { l.loaded = false }

// Keys returns how many keys there are.
func (l *Ledger) Keys() int { return l.keys }

// Forget drops all keys at once.
func (l *Ledger) Forget() { l.keys, l.commits = 0, map[Key]*commit{} }

// Doubt has a ledger know nothing of what is claimed but the claims, which may be old.
func (l *Ledger) Doubt() {
	for e := range l.entries {
		e.evidence = evidence{touched: e.touched}
	}
	for _, m := range l.members {
		for _, o := range m.objects {
			o.fresh = false
		}
	}
}

// Entry returns what is known of a key, nil for nothing.
func (l *Ledger) Entry(key Key) *entry { return l.entryOf(key) }

// Plain reports whether nothing is kept of a key that few keys have.
func (e *entry) Plain() bool { return e.more == nil }

// Source returns a CommitStatus as it came.
func (l *Ledger) Source(id ObjectID) *v1alpha1.CommitStatus { return l.objectAt(id).source }

// StatusNow returns the status that a CommitStatus has in its member.
func (l *Ledger) StatusNow(id ObjectID) v1alpha1.CommitStatusStatus {
	return l.objectAt(id).statusNow()
}

// Owners returns the clusters whose claims are on a key.
func (l *Ledger) Owners(key Key) (clusters []string) {
	if e := l.entryOf(key); e != nil {
		for _, o := range e.claims {
			clusters = append(clusters, o.cluster)
		}
	}
	return clusters
}

// Sharings returns how many UIDs several members have, and how many pairs of members share one.
func (l *Ledger) Sharings() (uids, members int) { return len(l.sharers), len(l.sharings) }

// JoinedAt returns when the hub learned of a cluster.
func (l *Ledger) JoinedAt(cluster string) time.Time { return l.joinedAt(cluster) }

// WaitedFor returns how many members keys wait for.
func (l *Ledger) WaitedFor() int { return len(l.waiting) }

// Refusals returns how many refusals stand.
func (l *Ledger) Refusals() int { return len(l.refusals.scopes) }

// Known returns a ScmProvider.
func (l *Ledger) Known(scmProvider string) *ScmProvider { return l.scms[scmProvider] }

// Lane returns the lane of a repository.
func (s *ScmProvider) Lane(repository string) string {
	lane, _ := s.account.Lane(repository)
	return lane
}

// Opened reports whether a ScmProvider has an account.
func (s *ScmProvider) Opened() bool { return s.account != nil }

// SameWriter reports whether two ScmProviders write as one.
func SameWriter(a, b *ScmProvider) bool { return sameWriter(a, b) }

// Moves returns how many repositories of its SCM have moved.
func (s *ScmProvider) Moves() int { return len(s.moves.all()) }

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

// SetRandom replaces what spreads comparisons: a number from 0 to 1.
func (l *Ledger) SetRandom(n float64) { l.random = func() float64 { return n } }

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

// IndexProblem compares what the ledger keeps in step with its entries with the entries, "" for
// no difference.
func (l *Ledger) IndexProblem() string {
	waiting := waiters{}
	for e := range l.entries {
		if member := e.readDetails().waitFor; member != "" {
			if waiting[member] == nil {
				waiting[member] = map[*entry]struct{}{}
			}
			waiting[member][e] = struct{}{}
		}
	}
	if !reflect.DeepEqual(l.waiting, waiting) {
		return fmt.Sprintf("the index of waiting keys has %v, and should have %v", l.waiting, waiting)
	}
	for e := range l.entries {
		if problem := tallyProblem(l, e); problem != "" {
			return fmt.Sprintf("the tally of %s: %s", e.key(), problem)
		}
	}
	return ""
}

// Remembered returns what is left of all objects and keys, "" for nothing.
func (l *Ledger) Remembered() string {
	if n := l.keys + len(l.commits) + len(l.uids) + len(l.sharers) + len(l.sharings) + len(l.waiting); n > 0 {
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

// Prove has what is shown at a key count as read by this process.
func (e *entry) Prove() { e.source = confirmed }

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

// Disturb has what is listed of a key meanwhile count for nothing, as where a repository is found to
// have moved.
func (e *entry) Disturb() { e.writes += 2 }
