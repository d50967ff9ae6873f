package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
)

func TestWhatAPredecessorSentMayComeAfterWhatWasFoundAndWritten(t *testing.T) {
	b := newBench(t)
	b.started = time.Time{}
	b.Begin(Predecessor{Led: true, Unsure: true, Left: -5 * time.Second})
	b.hear("eu", testStatus(told(statusWith("queued", 7)), wants("success")))
	b.scm.found = shows("queued")
	b.g.Expect(b.reconcile()).To(Equal(20*time.Second), "its lease runs for 5 s yet, and what it sent for 15 s more")
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))

	b.scm.found, b.scm.asked = shows("failure"), nil
	b.now.Step(19 * time.Second)
	b.g.Expect(b.reconcile()).To(Equal(time.Second))
	b.g.Expect(b.scm.asked).To(BeEmpty())
	b.now.Step(time.Second)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))
	b.now.Step(time.Minute)
	b.reconcile()
	b.g.Expect(b.scm.asked).To(HaveLen(2), "once")
}
