package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// serves has every member be known to serve the kinds as a test says.
func (b *bench) serves(now *kubeconfigs.Serving) *[][2]time.Duration {
	var asked [][2]time.Duration
	b.Serving = func(_ string, deleted, within time.Duration) kubeconfigs.Serving {
		asked = append(asked, [2]time.Duration{deleted, within})
		return *now
	}
	return &asked
}

func TestDeletion_CancelsOnceItsMemberWasSeenToServeTheKindsAfterwards(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.Deleted("eu")
	b.G.Expect(b.work(ledgertest.Key)).To(Equal(releaseDelay))
	b.G.Expect(*asked).To(Equal([][2]time.Duration{{0, -releaseDelay}}), "the member is asked at once")
	b.Clock.Step(releaseDelay)
	b.G.Expect(b.work(ledgertest.Key)).To(Equal(soonestConfirm), "its answer is from before")
	b.G.Expect(b.scm.asked).To(BeEmpty())
	known = kubeconfigs.Serves
	b.Clock.Step(soonestConfirm)
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.G.Expect((*asked)[len(*asked)-1]).To(Equal([2]time.Duration{releaseDelay + soonestConfirm, soonestConfirm}))
}

func TestDeletion_OfAKindWithAllObjectsCancelsNothing(t *testing.T) {
	for name, when := range map[string]time.Duration{"seen at once": 0, "seen when it is due": releaseDelay, "seen long after": 50 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			known := kubeconfigs.ServingUnknown
			b.serves(&known)
			b.Deleted("eu")
			for begin := b.Clock.Now(); b.Clock.Since(begin) < when; b.Clock.Step(time.Second) {
				b.work(ledgertest.Key)
			}
			known = kubeconfigs.Vanished
			b.work(ledgertest.Key)
			known = kubeconfigs.Serves
			for range 3 {
				b.Clock.Step(releaseDelay)
				b.work(ledgertest.Key)
			}
			b.G.Expect(b.scm.asked).To(BeEmpty())
			b.G.Expect(b.Count().Keys).To(BeZero())

			why := "objects that come back find their keys, by a look and without a write"
			b.scm.found = ledgertest.Shows("in_progress")
			b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress"), ledgertest.WithUID("uid-2")))
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(Equal([]string{"find"}), why)
			b.G.Expect(b.Published("eu").IsSynced).To(BeTrue())
		})
	}
}

func TestDeletion_InAMemberThatGivesNoAnswerIsGivenUpAfterAnHour(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	b.serves(&known)
	b.Deleted("eu")
	b.Clock.Step(releaseDelay)
	var waits []time.Duration
	for range 200 {
		wait := b.work(ledgertest.Key)
		if wait == 0 {
			break
		}
		waits = append(waits, wait)
		b.Clock.Step(wait)
	}
	known = kubeconfigs.Serves
	b.work(ledgertest.Key)
	b.G.Expect(b.scm.asked).To(BeEmpty())
	b.G.Expect(waits[:4]).To(Equal([]time.Duration{time.Second, time.Second, 2 * time.Second, 4 * time.Second}))
	b.G.Expect(len(waits)).To(BeNumerically("<", 80), "it is looked at ever less often")
	b.G.Expect(b.Count().Keys).To(BeZero())
}

func TestDeletion_ThatIsNotConfirmedHoldsNoMoveUpAndNoMoveWaitsForIt(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	b.work(ledgertest.Key)
	b.work(ledgertest.OtherKey)
	b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}), "a move is no deletion")
	b.G.Expect(*asked).To(BeEmpty())
}

func TestDeletion_OfWhatIsCompleteAsksNobody(t *testing.T) {
	b := newBench(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("success")))
	b.work(ledgertest.Key)
	b.Deleted("eu")
	b.work(ledgertest.Key)
	b.Clock.Step(time.Hour)
	b.work(ledgertest.Key)
	b.G.Expect(*asked).To(BeEmpty())
	b.G.Expect(b.Count().Keys).To(BeZero())
}
