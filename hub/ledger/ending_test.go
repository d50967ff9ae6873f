package ledger_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestEnding_WaitsOnlyForMembersThatMayClaimTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		asked []string
	}{
		"which may":                  {ledger.Grants("ap", "acme/shop", ""), nil},
		"which may elsewhere":        {ledger.Grants("ap", "acme/tools", ""), []string{"update canceled"}},
		"which may other names":      {ledger.Grants("ap", "**", "deploy"), []string{"update canceled"}},
		"that nothing is granted to": {ledger.Grants("us", "**", ""), []string{"update canceled"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			b.takeOver()
			b.Members = []string{"eu", "ap"}
			b.useAccount(ledger.Grants("eu", "**", ""), c.grant)
			b.Deleted("eu")
			b.Clock.Step(ledger.ReleaseDelay)
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(HaveExactElements(c.asked))
			if c.asked == nil {
				b.useAccount(ledger.Grants("eu", "**", ""))
				b.work(ledgertest.Key)
				b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}), "the grant was withdrawn")
			}
		})
	}
}
