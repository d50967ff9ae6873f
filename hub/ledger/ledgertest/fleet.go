package ledgertest

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// Fleet is a ledger that has led for longer than a take-over counts, with the ScmProvider
// "acme", which all clusters may write through.
type Fleet struct {
	*ledger.Ledger
	G     *WithT
	Clock *clocktesting.FakeClock
	// Token has the token of each cluster's engagement.
	Token map[string]uint64
}

// NewFleet makes a Fleet without members.
func NewFleet(t *testing.T) *Fleet {
	t.Helper()
	clk := clocktesting.NewFakeClock(time.Unix(10_000, 0))
	f := &Fleet{G: NewWithT(t), Clock: clk, Token: map[string]uint64{}}
	f.Ledger = ledger.New(ledger.Options{
		Clock: clk, UnsyncedGrace: 15 * time.Minute, Fleet: func() ([]string, bool) { return nil, true },
	})
	f.SetScmProvider("acme", ScmProvider(AllowAll()))
	f.Loaded()
	f.Begin(ledger.Predecessor{})
	clk.Step(2 * time.Minute)
	return f
}

// Hear engages a cluster with its GitRepo and CommitStatuses, and returns what changes once it
// is synced.
func (f *Fleet) Hear(cluster string, objects ...*v1alpha1.CommitStatus) ledger.Changes {
	f.Token[cluster] = f.Engage(cluster, time.Time{})
	f.SetRepo(cluster, f.Token[cluster], types.NamespacedName{Namespace: "team-a", Name: "shop"}, GitRepo())
	for _, o := range objects {
		if cluster != "eu" {
			o.UID = types.UID("uid-in-" + cluster)
		}
		f.SetObject(cluster, f.Token[cluster], o)
	}
	return f.Synced(cluster, f.Token[cluster])
}

// Claimed returns the job of Key, which is claimed.
func (f *Fleet) Claimed() ledger.Job {
	f.G.THelper()
	job, _, ok := f.Job(Key)
	f.G.Expect(ok).To(BeTrue())
	return job
}
