package ledger

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestLedgerHeard_ReturnsOnlyWhatWaitsForTheMember(t *testing.T) {
	b := inProgress(t)
	b.takeOver()
	b.members = []string{"eu", "us", "zz"}
	b.deleted("eu")
	b.now.Step(releaseDelay)
	_, wait, ok := b.Job(testKey)
	b.g.Expect(ok).To(BeFalse())
	b.g.Expect(wait).To(Equal(unsyncedCheck), "us and zz may claim the abandoned key")
	b.tell("cn")
	b.g.Expect(b.Synced("cn", b.token["cn"]).Keys).To(BeEmpty(), "nothing waits for cn")
	b.tell("us")
	b.g.Expect(b.Synced("us", b.token["us"]).Keys).To(ConsistOf(testKey))
	_, wait, _ = b.Job(testKey)
	b.g.Expect(wait).To(Equal(unsyncedCheck), "zz may claim it yet")
	b.tell("zz")
	b.members = []string{"eu", "us"}
	b.g.Expect(b.Disengage("zz", b.token["zz"]).Keys).To(ConsistOf(testKey))
	job, _, ok := b.Job(testKey)
	b.g.Expect(ok).To(BeTrue())
	b.g.Expect(job.abandonment).NotTo(BeNil())
	b.g.Expect(b.waiting).To(BeEmpty())
}

func TestLedgerHeard_ReturnsWhatWaitsForUnknownMembers(t *testing.T) {
	b := inProgress(t)
	b.takeOver()
	known := false
	b.fleet.fleet = func() ([]string, bool) { return []string{"eu"}, known }
	b.deleted("eu")
	b.now.Step(releaseDelay)
	_, wait, _ := b.Job(testKey)
	b.g.Expect(wait).To(Equal(unsyncedCheck))
	known = true
	b.tell("us")
	b.g.Expect(b.Synced("us", b.token["us"]).Keys).To(ConsistOf(testKey))
}
