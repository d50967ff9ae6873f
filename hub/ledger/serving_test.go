package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// serves has every member be known to serve the kinds as a test says.
func (b *bench) serves(now *kubeconfigs.Serving) *[][2]time.Duration {
	var asked [][2]time.Duration
	b.serving = func(_ string, deleted, within time.Duration) kubeconfigs.Serving {
		asked = append(asked, [2]time.Duration{deleted, within})
		return *now
	}
	return &asked
}

func TestDeletion_CancelsOnceItsMemberWasSeenToServeTheKindsAfterwards(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.deleted("eu")
	b.g.Expect(b.work(testKey)).To(Equal(releaseDelay))
	b.g.Expect(*asked).To(Equal([][2]time.Duration{{0, -releaseDelay}}), "the member is asked at once")
	b.now.Step(releaseDelay)
	b.g.Expect(b.work(testKey)).To(Equal(soonestConfirm), "its answer is from before")
	b.g.Expect(b.scm.asked).To(BeEmpty())
	known = kubeconfigs.Serves
	b.now.Step(soonestConfirm)
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}))
	b.g.Expect((*asked)[len(*asked)-1]).To(Equal([2]time.Duration{releaseDelay + soonestConfirm, soonestConfirm}))
}

func TestDeletion_OfAKindWithAllObjectsCancelsNothing(t *testing.T) {
	for name, when := range map[string]time.Duration{"seen at once": 0, "seen when it is due": releaseDelay, "seen long after": 50 * time.Minute} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			known := kubeconfigs.ServingUnknown
			b.serves(&known)
			b.deleted("eu")
			for begin := b.now.Now(); b.now.Since(begin) < when; b.now.Step(time.Second) {
				b.work(testKey)
			}
			known = kubeconfigs.Vanished
			b.work(testKey)
			known = kubeconfigs.Serves
			for range 3 {
				b.now.Step(releaseDelay)
				b.work(testKey)
			}
			b.g.Expect(b.scm.asked).To(BeEmpty())
			b.g.Expect(b.keys).To(BeZero())

			why := "objects that come back find their keys, by a look and without a write"
			b.scm.found = shows("in_progress")
			b.hear("eu", testStatus(wants("in_progress"), withUID("uid-2")))
			b.work(testKey)
			b.g.Expect(b.scm.asked).To(Equal([]string{"find"}), why)
			b.g.Expect(b.published("eu").IsSynced).To(BeTrue())
		})
	}
}

func TestDeletion_InAMemberThatGivesNoAnswerIsGivenUpAfterAnHour(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	b.serves(&known)
	b.deleted("eu")
	b.now.Step(releaseDelay)
	var waits []time.Duration
	for range 200 {
		wait := b.work(testKey)
		if wait == 0 {
			break
		}
		waits = append(waits, wait)
		b.now.Step(wait)
	}
	known = kubeconfigs.Serves
	b.work(testKey)
	b.g.Expect(b.scm.asked).To(BeEmpty())
	b.g.Expect(waits[:4]).To(Equal([]time.Duration{time.Second, time.Second, 2 * time.Second, 4 * time.Second}))
	b.g.Expect(len(waits)).To(BeNumerically("<", 80), "it is looked at ever less often")
	b.g.Expect(b.keys).To(BeZero())
}

func TestDeletion_ThatIsNotConfirmedHoldsNoMoveUpAndNoMoveWaitsForIt(t *testing.T) {
	b := inProgress(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.edit("eu", on(movedSHA), wants("queued"))
	b.work(testKey)
	b.work(movedKey)
	b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled", "create queued"}), "a move is no deletion")
	b.g.Expect(*asked).To(BeEmpty())
}

func TestDeletion_OfWhatIsCompleteAsksNobody(t *testing.T) {
	b := newBench(t)
	known := kubeconfigs.ServingUnknown
	asked := b.serves(&known)
	b.hear("eu", testStatus(wants("success")))
	b.work(testKey)
	b.deleted("eu")
	b.work(testKey)
	b.now.Step(time.Hour)
	b.work(testKey)
	b.g.Expect(*asked).To(BeEmpty())
	b.g.Expect(b.keys).To(BeZero())
}
