package ledger_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// leftUnfinished is a Fleet that took over, in which eu wrote a run in progress and left it so long
// ago that it is to be ended.
func leftUnfinished(t *testing.T, edit func(*ledgertest.Fleet)) *ledgertest.Fleet {
	f := ledgertest.NewStandby(t)
	edit(f)
	f.Begin(ledger.Predecessor{Led: true})
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	f.Showed(ledgertest.Key, f.Claimed(), ledgertest.Shows("in_progress"), true)
	f.Deleted("eu")
	f.Clock.Step(ledger.ReleaseDelay)
	return f
}

func TestLedgerHeard_ReturnsOnlyWhatWaitsForTheMember(t *testing.T) {
	f := leftUnfinished(t, func(f *ledgertest.Fleet) { f.Members = []string{"eu", "us", "zz"} })
	_, wait, ok := f.Job(ledgertest.Key)
	f.G.Expect(ok).To(BeFalse())
	f.G.Expect(wait).To(Equal(ledger.UnsyncedCheck), "us and zz may claim the abandoned key")
	f.Tell("cn")
	f.G.Expect(f.Synced("cn", f.Token["cn"]).Keys).To(BeEmpty(), "nothing waits for cn")
	f.Tell("us")
	f.G.Expect(f.Synced("us", f.Token["us"]).Keys).To(ConsistOf(ledgertest.Key))
	_, wait, _ = f.Job(ledgertest.Key)
	f.G.Expect(wait).To(Equal(ledger.UnsyncedCheck), "zz may claim it yet")
	f.Tell("zz")
	f.Members = []string{"eu", "us"}
	f.G.Expect(f.Disengage("zz", f.Token["zz"]).Keys).To(ConsistOf(ledgertest.Key))
	job, _, ok := f.Job(ledgertest.Key)
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(job.Source()).NotTo(BeNil())
	f.G.Expect(f.WaitedFor()).To(BeZero())
}

func TestLedgerHeard_ReturnsWhatWaitsForUnknownMembers(t *testing.T) {
	f := leftUnfinished(t, func(f *ledgertest.Fleet) { f.Members, f.Unlisted = []string{"eu"}, true })
	_, wait, _ := f.Job(ledgertest.Key)
	f.G.Expect(wait).To(Equal(ledger.UnsyncedCheck))
	f.Unlisted = false
	f.Tell("us")
	f.G.Expect(f.Synced("us", f.Token["us"]).Keys).To(ConsistOf(ledgertest.Key))
}
