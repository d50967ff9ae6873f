package syncer_test

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestEnding_WaitsOnlyForMembersThatMayClaimTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		asked []string
	}{
		"which may":                  {ledgertest.Grant("ap", "acme/shop"), nil},
		"which may elsewhere":        {ledgertest.Grant("ap", "acme/tools"), []string{"update canceled"}},
		"which may other names":      {ledgertest.Grant("ap", "**", "deploy"), []string{"update canceled"}},
		"that nothing is granted to": {ledgertest.Grant("us", "**"), []string{"update canceled"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgressBeside(t, "ap")
			b.useAccount(ledgertest.Grant("eu", "**"), c.grant)
			b.Deleted("eu")
			b.Clock.Step(releaseDelay)
			b.work(ledgertest.Key)
			b.G.Expect(b.scm.asked).To(HaveExactElements(c.asked))
			if c.asked == nil {
				b.useAccount(ledgertest.Grant("eu", "**"))
				b.work(ledgertest.Key)
				b.G.Expect(b.scm.asked).To(Equal([]string{"update canceled"}), "the grant was withdrawn")
			}
		})
	}
}
