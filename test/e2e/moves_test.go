package e2e

import (
	"net/http"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// effects is what the hub wrote, as "METHOD phase" in order.
func (w *world) effects() []string {
	GinkgoHelper()
	var out []string
	for _, call := range w.scm.Writes() {
		out = append(out, call.Method+" "+phaseIn(call.RequestBody))
	}
	return out
}

func phaseIn(body []byte) string {
	for _, phase := range []string{"cancelled", "success", "failure", "in_progress", "queued"} {
		if strings.Contains(string(body), `"`+phase+`"`) {
			return phase
		}
	}
	return "nothing"
}

// runOn is the one check run of a name on a commit.
func (w *world) runOn(repository, sha, name string) github.CheckRun {
	GinkgoHelper()
	runs := slices.DeleteFunc(w.scm.CheckRuns(repository, sha), func(r github.CheckRun) bool { return r.Name != name })
	Expect(runs).To(HaveLen(1), "%s on %s of %s", name, sha, repository)
	return runs[0]
}

// warned waits for an event about a CommitStatus, and returns what it says.
func (w *world) warned(c *clusters.Cluster, name, reason string) (note string) {
	GinkgoHelper()
	Eventually(func() string {
		note = ""
		var list eventsv1.EventList
		Expect(c.Client.List(w.ctx, &list, client.InNamespace(w.tenant))).To(Succeed())
		for _, e := range list.Items {
			if e.Regarding.Kind == "CommitStatus" && e.Regarding.Name == name && e.Reason == reason && e.Type == "Warning" {
				note = e.Note
			}
		}
		return note
	}).ShouldNot(BeEmpty())
	return note
}

var _ = Describe("A commit that moves", func() {
	var w *world

	// shown has a status in progress on the first commit.
	shown := func(c *clusters.Cluster) {
		GinkgoHelper()
		w.ask(c, "build", v1alpha1.PhaseInProgress)
		w.synced(c, "build", v1alpha1.PhaseInProgress)
	}
	move := func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA, cs.Spec.Phase = otherSHA, v1alpha1.PhaseQueued }

	BeforeEach(func() {
		w = newWorld()
		w.scm.AddRepo("acme/cart", testSHA)
		w.ready()
		w.members()
		w.start()
	})

	DescribeTable("has its status canceled at the old place before the new one is written",
		func(change func(*v1alpha1.CommitStatus), repository, sha, name string) {
			w.repo(euCluster, "cart", "acme/cart")
			shown(euCluster)
			w.change(euCluster, "build", change)
			cs := w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
			Expect(w.runOn("acme/shop", testSHA, "build").Conclusion).To(Equal("cancelled"))
			Expect(w.runOn(repository, sha, name).ID).To(Equal(cs.Status.Provider.GitHub.CheckRunID))
			Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH cancelled", "POST in_progress"}))
		},
		Entry("with its sha", func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = otherSHA }, "acme/shop", otherSHA, "build"),
		Entry("with its name", func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = "compile" }, "acme/shop", testSHA, "compile"),
		Entry("to another GitRepo", func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = "cart" }, "acme/cart", testSHA, "build"),
	)

	It("moves with the repository in its GitRepo", func() {
		shown(euCluster)
		repo := &v1alpha1.GitRepo{}
		Expect(euCluster.Client.Get(w.ctx, client.ObjectKey{Namespace: w.tenant, Name: "shop"}, repo)).To(Succeed())
		repo.Spec.Repository = "acme/cart"
		Expect(euCluster.Client.Update(w.ctx, repo)).To(Succeed())
		Eventually(func() string { return w.get(euCluster, "build").Status.Repo }).Should(HaveSuffix("/acme/cart"))
		Expect(w.runOn("acme/shop", testSHA, "build").Conclusion).To(Equal("cancelled"))
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH cancelled", "POST in_progress"}))
	})

	It("moves to another ScmProvider, whose App makes a run of its own", func() {
		other := newWorld()
		shown(euCluster)
		other.joins(w, "elsewhere")
		repo := &v1alpha1.GitRepo{}
		Expect(euCluster.Client.Get(w.ctx, client.ObjectKey{Namespace: w.tenant, Name: "shop"}, repo)).To(Succeed())
		repo.Spec.ScmProviderRef.Name = "elsewhere"
		Expect(euCluster.Client.Update(w.ctx, repo)).To(Succeed())
		Eventually(func() string { return w.get(euCluster, "build").Status.ScmProvider }).Should(Equal("elsewhere"))
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH cancelled"}))
		Expect(other.effects()).To(Equal([]string{"POST in_progress"}))
		Expect(w.scm.Writes()[1].At).To(BeTemporally("<", other.scm.Writes()[0].At))
	})

	It("moves with its ScmProvider to another endpoint, by the old credential", func() {
		other := newWorld()
		shown(euCluster)
		p := w.acme()
		p.Spec.GitHub.APIURL = v1alpha1.APIURL(other.scm.URL())
		Expect(hubCluster.Client.Update(w.ctx, p)).To(Succeed())
		w.setSecret(other.pem)
		Eventually(other.effects).Should(Equal([]string{"POST in_progress"}))
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "PATCH cancelled"}))
	})

	It("is canceled nowhere where it was done, or where another cluster still asks for it", func() {
		shown(euCluster)
		w.ask(usCluster, "build", v1alpha1.PhaseInProgress)
		w.synced(usCluster, "build", v1alpha1.PhaseInProgress)
		w.change(euCluster, "build", move)
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Expect(w.effects()).To(Equal([]string{"POST in_progress", "POST queued"}))
		w.change(usCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Phase = v1alpha1.PhaseSuccess })
		w.synced(usCluster, "build", v1alpha1.PhaseSuccess)
		w.change(usCluster, "build", move)
		w.synced(usCluster, "build", v1alpha1.PhaseQueued)
		Expect(w.runOn("acme/shop", testSHA, "build").Conclusion).To(Equal("success"))
	})

	It("moves on after one attempt to cancel, and tells that it failed", func() {
		shown(euCluster)
		w.scm.Inject(github.Fault{Match: isPatch, Times: -1, Status: http.StatusBadGateway})
		w.change(euCluster, "build", move)
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Expect(w.warned(euCluster, "build", "CancelFailed")).To(And(ContainSubstring("1f0c7d4 of acme/shop"), ContainSubstring("502")))
		w.scm.ClearFaults()
		Consistently(w.effects).Should(Equal([]string{"POST in_progress", "PATCH cancelled", "POST queued"}))
	})

	It("has the old place canceled although it moved while no hub was there", func() {
		shown(euCluster)
		w.stop()
		w.change(euCluster, "build", move)
		w.start()
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Eventually(w.effects).Should(Equal([]string{"POST in_progress", "PATCH cancelled", "POST queued"}))
	})

	It("has a run that its member's status forges neither patched nor canceled", func() {
		foreign := w.scm.AddCheckRun(github.CheckRun{Repository: "acme/shop", HeadSHA: testSHA, Name: "build", AppID: appID, ExternalID: "another's"})
		// A hub that is stopped while it makes its lease leaves that to expire.
		Eventually(w.holder).ShouldNot(BeEmpty())
		w.stop()
		w.ask(euCluster, "build", v1alpha1.PhaseQueued, func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = otherSHA })
		cs := w.get(euCluster, "build")
		cs.Status = v1alpha1.CommitStatusStatus{
			IsSynced: true, ScmProvider: "acme", Repo: strings.TrimPrefix(w.scm.URL(), "http://") + "/acme/shop", SHA: testSHA, Name: "build",
			Phase: v1alpha1.PhaseInProgress, Provider: &v1alpha1.ProviderHandle{GitHub: &v1alpha1.GitHubHandle{CheckRunID: foreign}},
			Conditions: []metav1.Condition{{Type: "Ready", Status: "True", Reason: "Synced", ObservedGeneration: 1, LastTransitionTime: metav1.Now()}},
		}
		Expect(euCluster.Client.Status().Update(w.ctx, cs)).To(Succeed())
		w.start()
		w.synced(euCluster, "build", v1alpha1.PhaseQueued)
		Expect(w.effects()).To(Equal([]string{"POST queued"}))
		Expect(w.runOn("acme/shop", testSHA, "build").Status).To(Equal("queued"))
	})

	It("is canceled 15 seconds after the last object that asks for it is deleted, unless that is replaced", func() {
		shown(euCluster)
		w.ask(euCluster, "test", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "test", v1alpha1.PhaseInProgress)
		for _, name := range []string{"build", "test"} {
			Expect(euCluster.Client.Delete(w.ctx, w.get(euCluster, name))).To(Succeed())
		}
		deleted := time.Now()
		w.ask(euCluster, "test", v1alpha1.PhaseInProgress)
		w.synced(euCluster, "test", v1alpha1.PhaseInProgress)
		Eventually(w.effects).WithTimeout(25 * time.Second).Should(Equal([]string{"POST in_progress", "POST in_progress", "PATCH cancelled"}))
		Expect(time.Since(deleted)).To(BeNumerically(">=", 14*time.Second))
		Expect(w.runOn("acme/shop", testSHA, "build").Conclusion).To(Equal("cancelled"))
		Consistently(w.effects).Should(HaveLen(3))
	})

	It("is canceled by nothing that may come back", func() {
		shown(euCluster)
		repo := &v1alpha1.GitRepo{}
		Expect(euCluster.Client.Get(w.ctx, client.ObjectKey{Namespace: w.tenant, Name: "shop"}, repo)).To(Succeed())
		Expect(euCluster.Client.Delete(w.ctx, repo)).To(Succeed())
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonGitRepoNotFound))
		w.repo(euCluster, "shop", "acme/shop")
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		w.grantTo("us")
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonDenied))
		w.grantTo("eu")
		w.synced(euCluster, "build", v1alpha1.PhaseInProgress)
		Expect(w.effects()).To(Equal([]string{"POST in_progress"}))
	})
})

func isPatch(r *http.Request) bool { return r.Method == http.MethodPatch }
