package hub

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// ofOwner is a grant of one owner's repositories.
func ofOwner(owner v1alpha1.Pattern) v1alpha1.Grant {
	return v1alpha1.Grant{Clusters: []v1alpha1.Pattern{"**"}, Repositories: []v1alpha1.Pattern{owner + "/*"}}
}

func TestSyncer_FollowsARepositoryThatHasMovedIfAGrantCoversIt(t *testing.T) {
	b := newBench(t)
	b.useAccount(ofOwner("acme"))
	b.scm.moved = map[string]string{"Acme/Shop": "acme/market", "acme/market": "acme/store"}
	b.hear("eu", testStatus())
	for range 3 {
		b.reconcile()
	}
	b.g.Expect(b.scm.written).To(Equal([]string{"Acme/Shop", "acme/market", "acme/store"}))
	patch, ok := b.Patch(idIn("eu"))
	b.g.Expect(ok).To(BeTrue())
	b.g.Expect(patch.Status.IsSynced).To(BeTrue())
	b.g.Expect(b.warnings).To(Equal([]string{
		"eu/build RepositoryMoved: repository Acme/Shop is acme/market now: change spec.repository of the GitRepo",
		"eu/build RepositoryMoved: repository acme/market is acme/store now: change spec.repository of the GitRepo",
	}))

	b.SetObject("eu", b.token["eu"], testStatus(wants("success")))
	b.reconcile()
	b.g.Expect(b.scm.asked).To(HaveExactElements("create queued", "update success"), "the new name is known")
}

func TestSyncer_WritesNothingToARepositoryThatHasMovedOutOfTheGrants(t *testing.T) {
	b := newBench(t)
	b.useAccount(ofOwner("acme"))
	b.scm.moved = map[string]string{"Acme/Shop": "globex/shop"}
	b.hear("eu", testStatus())
	b.reconcile()
	for range 5 {
		b.reconcile()
		b.now.Step(2 * time.Minute)
	}
	b.g.Expect(b.scm.written).To(Equal([]string{"Acme/Shop"}))
	patch, ok := b.Patch(idIn("eu"))
	b.g.Expect(ok).To(BeTrue())
	ready := patch.Status.Conditions[0]
	b.g.Expect(ready.Reason).To(Equal(v1alpha1.ReasonMoved))
	b.g.Expect(ready.Message).To(ContainSubstring("repository Acme/Shop is globex/shop now, which no grant of ScmProvider acme lets namespace team-a of cluster eu write"))

	b.useAccount(ofOwner("acme"), ofOwner("globex"))
	b.reconcile()
	b.g.Expect(b.scm.written).To(Equal([]string{"Acme/Shop", "globex/shop"}), "a new grant is a new fact")
}

func TestSyncer_AsksAgainForARepositoryThatMovedLongAgo(t *testing.T) {
	b := newBench(t)
	b.scm.moved = map[string]string{"Acme/Shop": "acme/store"}
	b.hear("eu", testStatus())
	b.reconcile()
	b.scm.moved = nil
	b.now.Step(movedFor)
	b.reconcile()
	b.g.Expect(b.scm.written).To(Equal([]string{"Acme/Shop", "Acme/Shop"}))
}
