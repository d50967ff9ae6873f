package ledger_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// fleet is a Fleet with what tests of the ledger do to it.
type fleet struct {
	*ledgertest.Fleet
	counted ledger.Saved
}

// newFleet makes a fleet that has led for longer than a take-over counts.
func newFleet(t *testing.T) *fleet { return &fleet{Fleet: ledgertest.NewFleet(t)} }

// newStandby makes a fleet that has not begun to write.
func newStandby(t *testing.T) *fleet { return &fleet{Fleet: ledgertest.NewStandby(t)} }

// show has what is wanted now written in full.
func (f *fleet) show() {
	f.G.THelper()
	job := f.Claimed()
	f.G.Expect(job.Wait).To(BeZero())
	f.Showed(ledgertest.Key, job, &providers.Shown{Status: job.Verdict.Want, Handle: ledgertest.Shows("queued").Handle}, true)
}
