package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// movesBeside is a bench whose us has success at movedKey, and whose eu moves there from an
// unfinished run at testKey.
func movesBeside(t *testing.T, created int64, aggregate bool, wanted v1alpha1.Phase) *bench {
	b := newBench(t)
	s := testSCM(allowAll())
	s.account, s.aggregate = b.scm, aggregate
	b.SetScmProvider("acme", s)
	b.hear("us", testStatus(createdAt(100), on(movedSHA), wants("success")))
	b.work(movedKey)
	b.published("us")
	b.hear("eu", testStatus(createdAt(created), wants("in_progress")))
	b.work(testKey)
	b.published("eu")
	b.scm.asked = nil
	b.edit("eu", createdAt(created), on(movedSHA), wants(wanted), func(cs *v1alpha1.CommitStatus) { cs.Generation = 2 })
	return b
}

// A status that tells of the new place is all that a hub after a crash knows: what is unfinished
// at the old place would stay so for ever.
func TestLedgerPatch_TellsOfTheOldPlaceUntilThatIsEnded(t *testing.T) {
	for name, c := range map[string]struct {
		created   int64
		aggregate bool
		wanted    v1alpha1.Phase
	}{
		"an owner of what is shown already": {50, false, "success"},
		"a claim that wants the same":       {200, false, "success"},
		"a claim in conflict":               {200, false, "failure"},
		"one of several, the same":          {200, true, "success"},
		"one of several, worse":             {200, true, "failure"},
	} {
		t.Run(name, func(t *testing.T) {
			b := movesBeside(t, c.created, c.aggregate, c.wanted)
			b.g.Expect(b.work(movedKey)).To(Equal(moveCheck), "it is looked at again")
			b.g.Expect(b.published("eu")).To(BeNil())
			b.work(testKey)
			b.work(movedKey)
			b.g.Expect(b.scm.asked[0]).To(Equal("update canceled"), "the old place comes first")
			status := b.published("eu")
			b.g.Expect(status).NotTo(BeNil())
			b.g.Expect(status.SHA).To(Equal(movedSHA))
		})
	}
}

func TestLedgerNotEnded_HasTheStatusOfWhoMovedPublished(t *testing.T) {
	b := movesBeside(t, 200, false, "success")
	var told []ObjectID
	b.syncer.Apply = func(c Changes) { told = append(told, c.Objects...) }
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonInvalid, "no")
	}
	b.work(testKey)
	b.g.Expect(told).To(ContainElement(idIn("eu")))
	b.g.Expect(b.published("eu").SHA).To(Equal(movedSHA))
}

func TestLedgerPatch_WaitsForNoOldPlaceThatIsHeldBack(t *testing.T) {
	b := movesBeside(t, 200, false, "success")
	b.now.Step(abandonmentTTL + time.Second)
	b.work(movedKey)
	b.g.Expect(b.published("eu")).NotTo(BeNil())
}
