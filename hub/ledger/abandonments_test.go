package ledger

import (
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// comeAndGo has a cluster make and delete so many objects with unfinished statuses, each on a
// commit of its own.
func (f *fleet) comeAndGo(cluster string, from, to int, edit ...func(*v1alpha1.CommitStatus)) {
	for i := from; i < to; i++ {
		cs := testStatus(append([]func(*v1alpha1.CommitStatus){on(fmt.Sprintf("%040x", i)), named(fmt.Sprint("build-", i))}, edit...)...)
		cs.UID = types.UID(fmt.Sprint(cluster, "-", i))
		f.SetObject(cluster, f.token[cluster], cs)
		f.RemoveObject(cluster, f.token[cluster], types.NamespacedName{Namespace: cs.Namespace, Name: cs.Name}, Deleted)
	}
}

func TestAbandon_BoundsThePlacesThatObjectsOfOneMemberLeft(t *testing.T) {
	f := newFleet(t)
	f.abandonedLimit = 10
	f.hear("eu")
	f.hear("us")
	f.comeAndGo("eu", 0, 100)
	f.g.Expect(f.abandoned["eu"].places).To(Equal(10))
	f.comeAndGo("us", 100, 103)
	f.g.Expect(f.abandoned["us"].places).To(Equal(3), "another member's")

	f.now.Step(2 * abandonmentTTL)
	for e := range f.entries {
		f.Job(e.key())
	}
	f.g.Expect(f.abandoned["eu"]).To(Equal(&abandonments{}), "all were ended or given up")
	f.g.Expect(f.keys).To(BeZero())
	f.Disengage("eu", f.token["eu"])
	f.g.Expect(f.abandoned).NotTo(HaveKey("eu"))
}

func TestAbandon_MovesOnWhereTooManyPlacesWereLeft(t *testing.T) {
	f := newFleet(t)
	f.hear("eu", testStatus(wants("in_progress")))
	f.show()
	f.abandonedLimit = 1
	f.comeAndGo("eu", 0, 1)
	f.edit("eu", on(movedSHA), wants("queued"))
	f.g.Expect(f.entryOf(testKey).abandonment).To(BeNil())
	f.g.Expect(f.objectAt(idIn("eu")).moves()).To(BeFalse())
	job, _, ok := f.Job(movedKey)
	f.g.Expect(ok).To(BeTrue())
	f.g.Expect(job.Wait).To(BeZero(), "nothing is waited for")
}

func TestAbandon_KeepsTheTextsOfOutcomesWithinABound(t *testing.T) {
	f := newFleet(t)
	f.hear("eu")
	text := func(phase v1alpha1.Phase) func(*v1alpha1.CommitStatus) {
		return func(cs *v1alpha1.CommitStatus) {
			cs.Spec.Phase, cs.Spec.Description = phase, strings.Repeat("a", 65_000)
			cs.Status.Description = strings.Repeat("b", 65_000)
		}
	}
	f.comeAndGo("eu", 0, 10, text("in_progress"))
	f.g.Expect(f.abandoned["eu"].texts).To(BeZero(), "what is canceled keeps the text that is shown")
	f.comeAndGo("eu", 10, 12, text("success"))
	f.g.Expect(f.abandoned["eu"].texts).To(Equal(2 * 65_000))
	f.comeAndGo("eu", 12, 1000, text("failure"))
	f.g.Expect(f.abandoned["eu"].texts).To(BeNumerically("<=", abandonedTexts))
	f.g.Expect(f.abandoned["eu"].places).To(Equal(1000), "each is ended all the same")
	e := f.entryOf(Key{Kind: testKey.Kind, Host: testKey.Host, Repository: testKey.Repository, SHA: fmt.Sprintf("%040x", 999), Name: "build-999"})
	f.g.Expect(e.abandonment.claim.Want.Phase).To(Equal(v1alpha1.Phase("failure")))
	f.g.Expect(e.abandonment.about().Name).To(Equal("build-999"))
}
