package syncer_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestWhatAPredecessorSentMayComeAfterWhatWasFoundAndWritten(t *testing.T) {
	b := newStandby(t)
	b.Begin(ledger.Predecessor{Led: true, Unsure: true, Left: -5 * time.Second})
	b.Hear("eu", ledgertest.CommitStatus(ledgertest.Told(ledgertest.StatusWith("queued", 7)), ledgertest.Wants("success")))
	b.scm.found = ledgertest.Shows("queued")
	b.G.Expect(b.reconcile()).To(Equal(20*time.Second), "its lease runs for 5 s yet, and what it sent for 15 s more")
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))

	b.scm.found, b.scm.asked = ledgertest.Shows("failure"), nil
	b.Clock.Step(19 * time.Second)
	b.G.Expect(b.reconcile()).To(Equal(time.Second))
	b.G.Expect(b.scm.asked).To(BeEmpty())
	b.Clock.Step(time.Second)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(Equal([]string{"find", "update success"}))
	b.Clock.Step(time.Minute)
	b.reconcile()
	b.G.Expect(b.scm.asked).To(HaveLen(2), "once")
}
