package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var _ = Describe("A repository that is renamed", func() {
	var w *world

	// spell has the us cluster's GitRepo name another repository.
	spell := func(name string) {
		repo := &v1alpha1.GitRepo{}
		Expect(usCluster.Client.Get(w.ctx, client.ObjectKey{Namespace: w.tenant, Name: "shop"}, repo)).To(Succeed())
		repo.Spec.Repository = name
		Expect(usCluster.Client.Update(w.ctx, repo)).To(Succeed())
	}
	repos := func() (repos []string) {
		repos = append(repos, w.get(euCluster, "build").Status.Repo, w.get(usCluster, "build").Status.Repo)
		return repos
	}
	finish := func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess }

	BeforeEach(func() {
		w = newWorld()
		w.ready()
		w.members()
		w.start()
	})

	It("is one for those who know its old name and those who know its new one, after a restart too", func() {
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		w.scm.MoveRepo("acme/shop", "acme/market")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "by the old name" })
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		Expect(w.warned(euCluster, "build", "RepositoryMoved")).To(ContainSubstring("repository acme/shop is acme/market now"))
		spell("acme/market")
		w.ask(usCluster, "build", v1alpha1.PhaseInProgress, func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "by the old name" })
		w.synced(usCluster, "build", v1alpha1.PhaseInProgress)
		Expect(repos()).To(HaveEach(HaveSuffix("/acme/market")))
		Expect(w.get(usCluster, "build").Status.Owner).To(Equal("eu/" + w.tenant + "/build"))
		run := w.runOn("acme/market", testSHA, "build").ID

		w.stop()
		calls := len(w.scm.Calls())
		w.start()
		Eventually(w.holder).ShouldNot(BeEmpty())
		w.ask(euCluster, "test", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "test", v1alpha1.PhaseSuccess)
		for _, call := range w.scm.Calls()[calls:] {
			Expect(call.Path).NotTo(ContainSubstring("acme/shop"), "what has moved is known")
		}
		w.change(usCluster, "build", finish)
		w.change(euCluster, "build", finish)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.runOn("acme/market", testSHA, "build").ID).To(Equal(run))
		Expect(repos()).To(HaveEach(HaveSuffix("/acme/market")))
	})

	It("is written to no more once it is transferred out of the grants", func() {
		w.ask(euCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		w.scm.Install(appID, installationID+1, "globex")
		w.scm.MoveRepo("acme/shop", "globex/shop")
		w.change(euCluster, "build", finish)
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonMoved))
		Expect(w.get(euCluster, "build").Status.SyncFailure.Message).To(And(ContainSubstring("acme/shop"), ContainSubstring("globex/shop")))
		Expect(w.runOn("globex/shop", testSHA, "build").Status).To(Equal("in_progress"))
		w.unwatched = true
	})
})
