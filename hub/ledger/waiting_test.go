package ledger_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestLedgerHeard_ReturnsOnlyWhatWaitsForTheMember(t *testing.T) {
	b := inProgress(t)
	b.takeOver()
	b.Members = []string{"eu", "us", "zz"}
	b.Deleted("eu")
	b.Clock.Step(ledger.ReleaseDelay)
	_, wait, ok := b.Job(ledgertest.Key)
	b.G.Expect(ok).To(BeFalse())
	b.G.Expect(wait).To(Equal(ledger.UnsyncedCheck), "us and zz may claim the abandoned key")
	b.Tell("cn")
	b.G.Expect(b.Synced("cn", b.Token["cn"]).Keys).To(BeEmpty(), "nothing waits for cn")
	b.Tell("us")
	b.G.Expect(b.Synced("us", b.Token["us"]).Keys).To(ConsistOf(ledgertest.Key))
	_, wait, _ = b.Job(ledgertest.Key)
	b.G.Expect(wait).To(Equal(ledger.UnsyncedCheck), "zz may claim it yet")
	b.Tell("zz")
	b.Members = []string{"eu", "us"}
	b.G.Expect(b.Disengage("zz", b.Token["zz"]).Keys).To(ConsistOf(ledgertest.Key))
	job, _, ok := b.Job(ledgertest.Key)
	b.G.Expect(ok).To(BeTrue())
	b.G.Expect(job.Source()).NotTo(BeNil())
	b.G.Expect(b.WaitedFor()).To(BeZero())
}

func TestLedgerHeard_ReturnsWhatWaitsForUnknownMembers(t *testing.T) {
	b := inProgress(t)
	b.takeOver()
	b.Members, b.Unlisted = []string{"eu"}, true
	b.Deleted("eu")
	b.Clock.Step(ledger.ReleaseDelay)
	_, wait, _ := b.Job(ledgertest.Key)
	b.G.Expect(wait).To(Equal(ledger.UnsyncedCheck))
	b.Unlisted = false
	b.Tell("us")
	b.G.Expect(b.Synced("us", b.Token["us"]).Keys).To(ConsistOf(ledgertest.Key))
}
