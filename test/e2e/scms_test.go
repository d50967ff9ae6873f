package e2e

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/gitlab"
)

var _ = Describe("Another way to show a status", func() {
	It("is a GitLab, which is sent what its state machine takes, and what it cannot show is said", func() {
		w := newWorld()
		server := gitlab.New()
		DeferCleanup(server.Close)
		server.AddUser("hub")
		token := server.AddToken("hub")
		server.AddProject("acme/shop", testSHA, otherSHA)
		server.AddMember("acme/shop", "hub", gitlab.Developer)
		w.secret(map[string][]byte{"token": []byte(token)})
		w.provider(func(p *v1alpha1.ScmProvider) {
			p.Spec.GitHub, p.Spec.GitLab = nil, &v1alpha1.GitLabSpec{APIURL: v1alpha1.APIURL(server.URL())}
		})
		w.repo(euCluster, "shop", "acme/shop")
		w.members()
		w.start()

		states := func(sha string) (out []string) {
			for _, s := range server.Statuses("acme/shop", sha) {
				out = append(out, s.Name+" "+s.State)
			}
			return out
		}
		w.ask(euCluster, "build", v1alpha1.PhaseQueued)
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseInProgress })
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseInProgress).Status.Provider.GitLab.PipelineID).NotTo(BeZero())

		By("changing the description while it runs, which GitLab shows with the next phase")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "Hydrated 13 apps" })
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonUnsupported))
		Expect(w.message("build")).To(And(HavePrefix("GitLab "), ContainSubstring("description")))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseSuccess).Status.Description).To(Equal("Hydrated 13 apps"))
		Expect(states(testSHA)).To(Equal([]string{"build success"}))

		By("moving on while it runs")
		w.ask(euCluster, "test", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "test", v1alpha1.PhaseInProgress)
		w.change(euCluster, "test", func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA, cs.Spec.Phase = otherSHA, v1alpha1.PhaseQueued })
		w.synced(euCluster, "test", v1alpha1.PhaseQueued)
		Expect(states(testSHA)).To(ConsistOf("build success", "test canceled"))
		Expect(states(otherSHA)).To(Equal([]string{"test pending"}))
		for _, call := range server.Calls() {
			Expect(call.Status).To(BeNumerically("<", 300), strings.TrimSpace(call.Method+" "+call.Path))
		}
	})

	It("is a plain token of GitHub, with commit statuses in place of check runs", func() {
		w := newWorld()
		w.secret(map[string][]byte{"token": []byte(w.scm.AddUser("robot"))})
		w.provider(func(p *v1alpha1.ScmProvider) { p.Spec.GitHub.AppID, p.Spec.GitHub.InstallationID = 0, 0 })
		w.repo(euCluster, "shop", "acme/shop")
		w.members()
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued)
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseQueued).Status.Provider.GitHub.StatusID).NotTo(BeZero())
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseInProgress })
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		Expect(w.scm.Statuses("acme/shop", testSHA)).To(HaveLen(1), "GitHub has one word for both")
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.scm.Statuses("acme/shop", testSHA)).To(HaveLen(2))

		By("asking for the same in another spelling, which GitHub takes for the same")
		w.ask(euCluster, "spelled", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "BUILD" })
		Expect(w.synced(euCluster, "spelled", v1alpha1.PhaseSuccess).Status.Owner).To(HaveSuffix("/build"))
		Expect(w.scm.Statuses("acme/shop", testSHA)).To(HaveLen(2))
		w.unwatched = true // it has no check run to compare with
	})
})
