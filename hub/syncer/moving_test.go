package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// movesBeside is a bench whose us has success at movedKey, and whose eu moves there from an
// unfinished run at testKey.
func movesBeside(t *testing.T, created int64, aggregate bool, wanted v1alpha1.Phase) *bench {
	b := newBench(t)
	b.use(ledgertest.Aggregating(aggregate))
	b.Hear("us", ledgertest.CommitStatus(ledgertest.CreatedAt(100), ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("success")))
	b.work(ledgertest.OtherKey)
	b.Published("us")
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.CreatedAt(created), ledgertest.Wants("in_progress")))
	b.work(ledgertest.Key)
	b.Published("eu")
	b.scm.asked = nil
	b.Edit("eu", ledgertest.CreatedAt(created), ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants(wanted), func(cs *v1alpha1.CommitStatus) { cs.Generation = 2 })
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
			b.G.Expect(b.work(ledgertest.OtherKey)).To(Equal(moveCheck), "it is looked at again")
			b.G.Expect(b.Published("eu")).To(BeNil())
			b.work(ledgertest.Key)
			b.work(ledgertest.OtherKey)
			b.G.Expect(b.scm.asked[0]).To(Equal("update canceled"), "the old place comes first")
			status := b.Published("eu")
			b.G.Expect(status).NotTo(BeNil())
			b.G.Expect(status.SHA).To(Equal(ledgertest.OtherSHA))
		})
	}
}

func TestLedgerNotEnded_HasTheStatusOfWhoMovedPublished(t *testing.T) {
	b := movesBeside(t, 200, false, "success")
	var told []ledger.ObjectID
	b.syncer.Apply = func(c ledger.Changes) { told = append(told, c.Objects...) }
	b.scm.answer = func(providers.Status) (providers.Shown, error) {
		return providers.Shown{}, providers.Errorf(v1alpha1.ReasonInvalid, "no")
	}
	b.work(ledgertest.Key)
	b.G.Expect(told).To(ContainElement(ledgertest.ID("eu")))
	b.G.Expect(b.Published("eu").SHA).To(Equal(ledgertest.OtherSHA))
}

func TestLedgerPatch_WaitsForNoOldPlaceThatIsHeldBack(t *testing.T) {
	b := movesBeside(t, 200, false, "success")
	b.Clock.Step(abandonmentTTL + time.Second)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.Published("eu")).NotTo(BeNil())
}
