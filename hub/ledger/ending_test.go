package ledger

import (
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestEnding_WaitsOnlyForMembersThatMayClaimTheKey(t *testing.T) {
	for name, c := range map[string]struct {
		grant v1alpha1.Grant
		asked []string
	}{
		"which may":                  {grants("ap", "acme/shop", ""), nil},
		"which may elsewhere":        {grants("ap", "acme/tools", ""), []string{"update canceled"}},
		"which may other names":      {grants("ap", "**", "deploy"), []string{"update canceled"}},
		"that nothing is granted to": {grants("us", "**", ""), []string{"update canceled"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := inProgress(t)
			b.takeOver()
			b.members = []string{"eu", "ap"}
			b.useAccount(grants("eu", "**", ""), c.grant)
			b.deleted("eu")
			b.now.Step(releaseDelay)
			b.work(testKey)
			b.g.Expect(b.scm.asked).To(HaveExactElements(c.asked))
			if c.asked == nil {
				b.useAccount(grants("eu", "**", ""))
				b.work(testKey)
				b.g.Expect(b.scm.asked).To(Equal([]string{"update canceled"}), "the grant was withdrawn")
			}
		})
	}
}
