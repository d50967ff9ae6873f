package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestAMemberThatIsBackIsLookedUpWithOneListForACommit(t *testing.T) {
	b := newBench(t)
	b.hear("eu")
	b.takesOver(Predecessor{Led: true, Unsure: true})
	b.behind = func(string, string, time.Duration) bool { return true }
	b.now.Step(2 * time.Hour)
	objects, keys := spread(1, 50)
	for _, o := range objects {
		b.SetObject("eu", b.token["eu"], o)
	}
	b.behind = func(string, string, time.Duration) bool { return false }
	more, other := spread(2, 1)
	b.SetObject("eu", b.token["eu"], more[1])
	b.workOn(append(keys, other[1]), 2*time.Second)
	lists, finds := b.reads()
	b.g.Expect([]int{lists, finds}).To(Equal([]int{1, 0}), "lists and look-ups")
	b.g.Expect(b.scm.asked).To(HaveLen(1 + len(keys) + 1))
}
