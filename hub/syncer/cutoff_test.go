package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

func TestAMemberThatIsBackIsLookedUpWithOneListForACommit(t *testing.T) {
	b := newStandby(t)
	b.Hear("eu")
	b.takesOver(ledger.Predecessor{Led: true, Unsure: true})
	b.Behind = func(string, string, time.Duration) bool { return true }
	b.Clock.Step(2 * time.Hour)
	objects, keys := spread(1, 50)
	for _, o := range objects {
		b.SetObject("eu", b.Token["eu"], o)
	}
	b.Behind = func(string, string, time.Duration) bool { return false }
	more, other := spread(2, 1)
	b.SetObject("eu", b.Token["eu"], more[1])
	b.workOn(append(keys, other[1]), 2*time.Second, time.Second)
	lists, finds := b.reads()
	b.G.Expect([]int{lists, finds}).To(Equal([]int{1, 0}), "lists and look-ups")
	b.G.Expect(b.scm.asked).To(HaveLen(1 + len(keys) + 1))
}
