package ledger_test

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger/ledgertest"
)

// comeAndGo has a cluster make and delete so many objects with unfinished statuses, each on a
// commit of its own.
func (f *fleet) comeAndGo(cluster string, from, to int, edit ...func(*v1alpha1.CommitStatus)) {
	for i := from; i < to; i++ {
		cs := ledgertest.CommitStatus(append([]func(*v1alpha1.CommitStatus){ledgertest.On(fmt.Sprintf("%040x", i)), ledgertest.Named(fmt.Sprint("build-", i))}, edit...)...)
		cs.UID = types.UID(fmt.Sprint(cluster, "-", i))
		f.SetObject(cluster, f.Token[cluster], cs)
		f.RemoveObject(cluster, f.Token[cluster], types.NamespacedName{Namespace: cs.Namespace, Name: cs.Name}, ledger.Deleted)
	}
}

// abandonedKey is the key that one of those claimed.
func abandonedKey(i int) ledger.Key {
	key := ledgertest.Key
	key.SHA, key.Name = fmt.Sprintf("%040x", i), fmt.Sprint("build-", i)
	return key
}

func TestAbandon_BoundsThePlacesThatObjectsOfOneMemberLeft(t *testing.T) {
	f := newFleet(t)
	f.BoundAbandonments(10)
	f.Hear("eu")
	f.Hear("us")
	f.comeAndGo("eu", 0, 100)
	f.G.Expect(f.Abandonments("eu").Places).To(Equal(10))
	f.comeAndGo("us", 100, 103)
	f.G.Expect(f.Abandonments("us").Places).To(Equal(3), "another member's")

	f.Clock.Step(2 * ledger.AbandonmentTTL)
	for i := range 103 {
		f.Job(abandonedKey(i))
	}
	f.G.Expect(f.Abandonments("eu")).To(Equal(&ledger.Abandonments{}), "all were ended or given up")
	f.G.Expect(f.Count().Keys).To(BeZero())
	f.Disengage("eu", f.Token["eu"])
	f.G.Expect(f.Abandonments("eu")).To(BeNil())
}

func TestAbandon_MovesOnWhereTooManyPlacesWereLeft(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu", ledgertest.CommitStatus(ledgertest.Wants("in_progress")))
	f.show()
	f.BoundAbandonments(1)
	f.comeAndGo("eu", 0, 1)
	f.Edit("eu", ledgertest.On(ledgertest.OtherSHA), ledgertest.Wants("queued"))
	f.G.Expect(f.EndAt(ledgertest.Key)).To(BeNil())
	f.G.Expect(f.Moves(ledgertest.ID("eu"))).To(BeFalse())
	job, _, ok := f.Job(ledgertest.OtherKey)
	f.G.Expect(ok).To(BeTrue())
	f.G.Expect(job.Wait).To(BeZero(), "nothing is waited for")
}

func TestAbandon_KeepsTheTextsOfOutcomesWithinABound(t *testing.T) {
	f := newFleet(t)
	f.Hear("eu")
	text := func(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
		return func(cs *v1alpha1.CommitStatus) {
			cs.Spec.Phase, cs.Spec.Description = phase, strings.Repeat("a", 65_000)
			cs.Status.Description = strings.Repeat("b", 65_000)
		}
	}
	f.comeAndGo("eu", 0, 10, text("in_progress"))
	f.G.Expect(f.Abandonments("eu").Texts).To(BeZero(), "what is canceled keeps the text that is shown")
	f.comeAndGo("eu", 10, 12, text("success"))
	f.G.Expect(f.Abandonments("eu").Texts).To(Equal(2 * 65_000))
	f.comeAndGo("eu", 12, 1000, text("failure"))
	f.G.Expect(f.Abandonments("eu").Texts).To(BeNumerically("<=", ledger.AbandonedTexts))
	f.G.Expect(f.Abandonments("eu").Places).To(Equal(1000), "each is ended all the same")
	end := f.EndAt(abandonedKey(999)).Claim
	f.G.Expect(end.Want.Phase).To(Equal(v1alpha1.PhaseFailure))
	f.G.Expect(end.Object.Name).To(Equal("build-999"))
}
