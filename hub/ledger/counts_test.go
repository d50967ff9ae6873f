package ledger_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

func TestTheLedgerGoesOnWhileItIsCounted(t *testing.T) {
	f := newFleet(t)
	const n = 2*ledger.CountStep + 10
	set := func(i int) {
		cs := ledgertest.CommitStatus(ledgertest.CreatedAt(int64(i)))
		cs.Name, cs.UID = fmt.Sprintf("status-%d", i), types.UID(fmt.Sprintf("uid-%d", i))
		cs.Spec.SHA = fmt.Sprintf("%040x", i)
		f.SetObject("eu", f.Token["eu"], cs)
	}
	f.Hear("eu")
	for i := range n {
		set(i)
	}
	turns := 0
	counts := f.CountsBetween(func() {
		set(n + turns)
		turns++
	})
	f.G.Expect(turns).To(BeNumerically(">=", 4), "two while objects are counted, and two while keys are")
	f.G.Expect(counts.Claims["eu"]).To(And(BeNumerically(">=", n), BeNumerically("<=", n+turns)))
	f.G.Expect(f.Count().Claims).To(HaveKeyWithValue("eu", n+turns))
}
