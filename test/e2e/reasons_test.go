package e2e

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

var _ = Describe("What GitHub refuses", func() {
	var w *world
	var clk *fastClock

	BeforeEach(func() {
		w, clk = newWorld(), newFastClock()
		w.ready(unpaced)
		w.members()
		w.start(func(o *hub.Options) { o.Clock = clk })
	})

	DescribeTable("is told, asked for no more while nothing changes, and clears by itself with the next slow re-check",
		func(cause, cure func(), reason, message string) {
			w.ask(euCluster, "before", v1alpha1.PhaseSuccess)
			w.synced(euCluster, "before", v1alpha1.PhaseSuccess)
			cause()
			w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
			Eventually(func() string {
				clk.skip(time.Second) // a refusal is final after some tries
				return w.reason(euCluster, "build")()
			}).Should(Equal(reason))
			Expect(w.message("build")).To(ContainSubstring(message))
			calls := len(w.scm.Calls())
			Consistently(func() int { return len(w.scm.Calls()) }).Should(Equal(calls))
			cure()
			Consistently(w.reason(euCluster, "build")).WithTimeout(500 * time.Millisecond).Should(Equal(reason))
			Eventually(func() string {
				clk.skip(time.Minute)
				return w.reason(euCluster, "build")()
			}).Should(Equal(v1alpha1.ReasonSynced))
			w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		},
		Entry("a missing permission",
			func() { w.scm.Install(appID, installationID, "acme", github.WithoutChecksWrite()) },
			func() { w.scm.Install(appID, installationID, "acme") },
			v1alpha1.ReasonCredentialsInvalid, "lacks the permission checks:write"),
		Entry("a repository that is hidden",
			func() { w.scm.RemoveRepo("acme/shop") },
			func() { w.scm.AddRepo("acme/shop", testSHA) },
			v1alpha1.ReasonRepoNotFound, "acme/shop does not exist"),
		Entry("a content that it does not take",
			func() {
				w.scm.Inject(github.Fault{Match: isCreate, Times: -1, Status: http.StatusUnprocessableEntity, Body: `{"message":"Invalid request.\n\nthis is not allowed here."}`})
			},
			func() { w.scm.ClearFaults() },
			v1alpha1.ReasonInvalid, "this is not allowed here"),
	)

	It("is asked for again at once when the object changes, or somebody asks", func() {
		w.scm.Inject(github.Fault{Match: isCreate, Times: 2, Status: http.StatusUnprocessableEntity, Body: `{"message":"no"}`})
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonInvalid))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) { cs.Spec.Description = "shorter" })
		Eventually(func() int { return len(w.scm.Writes()) }).Should(Equal(2))
		Eventually(w.reason(euCluster, "build")).Should(Equal(v1alpha1.ReasonInvalid))
		w.change(euCluster, "build", func(cs *v1alpha1.CommitStatus) {
			cs.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now", "mine": "stays"}
		})
		Expect(w.synced(euCluster, "build", v1alpha1.PhaseSuccess).Annotations).To(HaveKeyWithValue("mine", "stays"))
	})
})
