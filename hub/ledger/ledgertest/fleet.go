package ledgertest

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/statustest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// Fleet is a ledger with a clock that the test owns, and with the ScmProvider "acme", which all
// clusters may write through.
type Fleet struct {
	*ledger.Ledger
	G     *WithT
	Clock *clocktesting.FakeClock
	// Token has the token of each cluster's engagement.
	Token map[string]uint64
	// Members are the clusters that have a Secret, and Unlisted reports whether there may be
	// more.
	Members  []string
	Unlisted bool
	// Blocked, Serving and Behind are what the ledger asks of those around it, nil for the
	// answer of a ledger that has nobody to ask.
	Blocked func(lane string) bool
	Serving func(cluster string, deleted, within time.Duration) kubeconfigs.Serving
	Behind  func(cluster, namespace string, within time.Duration) bool
	// Seals have no key, so that no status is sealed.
	Seals *ledger.Seals
	// objects are the CommitStatuses as the ledger was given them last.
	objects map[ledger.ObjectID]*v1alpha1.CommitStatus
}

// NewFleet makes a Fleet without members that has led for longer than a take-over counts.
func NewFleet(t testing.TB) *Fleet {
	t.Helper()
	f := NewStandby(t)
	f.Begin(ledger.Predecessor{})
	f.Clock.Step(2 * time.Minute)
	return f
}

// NewStandby makes a Fleet without members that has not begun to write.
func NewStandby(t testing.TB) *Fleet {
	t.Helper()
	f := NewUnloaded(t)
	f.SetScmProvider("acme", ScmProvider(AllowAll()))
	f.Loaded()
	return f
}

// NewUnloaded makes a Fleet without members that has not begun to write, and has not read the
// hub's ScmProviders yet.
func NewUnloaded(t testing.TB) *Fleet {
	t.Helper()
	return NewSuccessor(&Fleet{G: NewWithT(t), Clock: clocktesting.NewFakeClock(time.Unix(10_000, 0)), Seals: &ledger.Seals{}})
}

// NewSuccessor makes the Fleet of a hub that starts anew at the time of another, with its seals. It
// has not begun to write, and has not read the hub's ScmProviders yet.
func NewSuccessor(before *Fleet) *Fleet {
	f := &Fleet{
		G: before.G, Clock: before.Clock, Seals: before.Seals,
		Token: map[string]uint64{}, objects: map[ledger.ObjectID]*v1alpha1.CommitStatus{},
	}
	f.Ledger = ledger.New(f.options())
	return f
}

// TakeOver begins to write after another hub.
func (f *Fleet) TakeOver() ledger.Changes { return f.Begin(ledger.Predecessor{Led: true}) }

// options are those of a ledger that compares as soon as it may.
func (f *Fleet) options() ledger.Options {
	return ledger.Options{
		Clock: f.Clock, UnsyncedGrace: 15 * time.Minute, Seals: f.Seals, Random: func() float64 { return 0 },
		Fleet:   func() ([]string, bool) { return f.Members, !f.Unlisted },
		Blocked: func(lane string) bool { return f.Blocked != nil && f.Blocked(lane) },
		Serving: func(cluster string, deleted, within time.Duration) kubeconfigs.Serving {
			if f.Serving == nil {
				return kubeconfigs.Serves
			}
			return f.Serving(cluster, deleted, within)
		},
		Behind: func(cluster, namespace string, within time.Duration) bool {
			return f.Behind != nil && f.Behind(cluster, namespace, within)
		},
	}
}

// Tell engages a cluster with its GitRepo and CommitStatuses.
func (f *Fleet) Tell(cluster string, objects ...*v1alpha1.CommitStatus) {
	f.Token[cluster] = f.Engage(cluster, time.Time{})
	f.SetRepo(cluster, f.Token[cluster], shop, GitRepo())
	for _, o := range objects {
		if cluster != "eu" {
			o.UID = types.UID("uid-in-" + cluster)
		}
		f.SetObject(cluster, f.Token[cluster], o)
	}
}

// Hear engages a cluster with its GitRepo and CommitStatuses, and returns what changes once it
// is synced.
func (f *Fleet) Hear(cluster string, objects ...*v1alpha1.CommitStatus) ledger.Changes {
	f.Tell(cluster, objects...)
	return f.Synced(cluster, f.Token[cluster])
}

// SetObject brings a CommitStatus to the ledger, and keeps it for Object.
func (f *Fleet) SetObject(cluster string, engagement uint64, cs *v1alpha1.CommitStatus) ledger.Changes {
	f.objects[ledger.ObjectID{Cluster: cluster, Namespace: cs.Namespace, Name: cs.Name}] = cs
	return f.Ledger.SetObject(cluster, engagement, cs)
}

// Object returns a cluster's CommitStatus as the ledger was given it last.
func (f *Fleet) Object(cluster string) *v1alpha1.CommitStatus {
	f.G.THelper()
	cs := f.objects[ID(cluster)]
	f.G.Expect(cs).NotTo(BeNil())
	return cs
}

// Edit changes a cluster's CommitStatus to one with edits.
func (f *Fleet) Edit(cluster string, edit ...func(*v1alpha1.CommitStatus)) ledger.Changes {
	f.G.THelper()
	cs := CommitStatus(edit...)
	cs.UID = f.Object(cluster).UID
	return f.SetObject(cluster, f.Token[cluster], cs)
}

// Deleted deletes a cluster's CommitStatus.
func (f *Fleet) Deleted(cluster string) {
	f.RemoveObject(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "build"}, ledger.Deleted)
}

// NoRepo deletes a cluster's GitRepo.
func (f *Fleet) NoRepo(cluster string) { f.SetRepo(cluster, f.Token[cluster], shop, nil) }

// Job advances a key to now, as a worker does first, and returns what is to be done about it.
func (f *Fleet) Job(key ledger.Key) (ledger.Job, time.Duration, bool) {
	f.Advance(key)
	return f.Ledger.Job(key)
}

// Route advances a key to now, as the hub does when it adds a key, and returns where it waits.
func (f *Fleet) Route(key ledger.Key) ratelimit.Route {
	f.Advance(key)
	return f.Ledger.Route(key)
}

// Claimed returns the job of Key, which is claimed.
func (f *Fleet) Claimed() ledger.Job {
	f.G.THelper()
	job, _, ok := f.Job(Key)
	f.G.Expect(ok).To(BeTrue())
	return job
}

// Published returns the status that is published to a cluster now, nil for none, and gives it
// to its member. A conflict in it lasts.
func (f *Fleet) Published(cluster string) *v1alpha1.CommitStatusStatus {
	f.G.THelper()
	patch, ok := f.Patch(ID(cluster))
	if !ok {
		return nil
	}
	statustest.ExpectInvariants(f.G, patch.Status, patch.Source.Generation)
	f.Patched(patch, "100")
	if ledger.InConflict(patch.Status) {
		f.ConflictLasted(patch)
	}
	return &patch.Status
}
