package ledger

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"
)

func TestTheLedgerGoesOnWhileItIsCounted(t *testing.T) {
	f := newFleet(t)
	const n = 2*countStep + 10
	set := func(i int) {
		cs := testStatus(createdAt(int64(i)))
		cs.Name, cs.UID = fmt.Sprintf("status-%d", i), types.UID(fmt.Sprintf("uid-%d", i))
		cs.Spec.SHA = fmt.Sprintf("%040x", i)
		f.SetObject("eu", f.token["eu"], cs)
	}
	f.hear("eu")
	for i := range n {
		set(i)
	}
	turns := 0
	counts := f.counts(func() {
		set(n + turns)
		turns++
	})
	f.g.Expect(turns).To(BeNumerically(">=", 4), "two while objects are counted, and two while keys are")
	f.g.Expect(counts.Claims["eu"]).To(And(BeNumerically(">=", n), BeNumerically("<=", n+turns)))
	f.g.Expect(f.Count().Claims).To(HaveKeyWithValue("eu", n+turns))
}
