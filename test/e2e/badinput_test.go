package e2e

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

var _ = Describe("Bad input", func() {
	var w *world

	BeforeEach(func() {
		w = newWorld()
		w.members()
	})

	// told waits for a reason and expects its message, and no more than the
	// given number of calls until then and for a while after.
	told := func(reason, message string, calls int) {
		GinkgoHelper()
		Eventually(w.reason(euCluster, "build")).Should(Equal(reason))
		cs := w.get(euCluster, "build")
		Expect(cs.Status.SyncFailure.Message).To(ContainSubstring(message))
		Expect(cs.Status.IsSynced).To(BeFalse())
		Consistently(func() int { return len(w.scm.Calls()) }).Should(BeNumerically("<=", calls))
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(BeEmpty())
	}
	fixed := func() {
		GinkgoHelper()
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(w.scm.CheckRuns("acme/shop", testSHA)).To(HaveLen(1))
	}

	It("tells a missing GitRepo, and goes on when it is there", func() {
		w.secret(map[string][]byte{"privateKey": w.pem})
		w.provider()
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		told(v1alpha1.ReasonGitRepoNotFound, fmt.Sprintf("GitRepo %q was not found in namespace %s of cluster eu", "shop", w.tenant), 0)
		w.repo(euCluster, "shop", "acme/shop")
		fixed()
	})

	It("tells a ScmProvider that is in another namespace than the hub's, and goes on when it is there", func() {
		w.secret(map[string][]byte{"privateKey": w.pem})
		w.provider(func(p *v1alpha1.ScmProvider) { p.Namespace = w.tenant })
		w.repo(euCluster, "shop", "acme/shop")
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		told(v1alpha1.ReasonProviderNotFound, fmt.Sprintf("ScmProvider %q was not found in namespace %s on the hub", "acme", w.namespace), 0)
		w.provider()
		fixed()
	})

	DescribeTable("tells a Secret that is no credential, and picks up a good one",
		func(data map[string][]byte, message string) {
			w.provider()
			w.repo(euCluster, "shop", "acme/shop")
			if data != nil {
				w.secret(data)
			}
			w.start()
			w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
			told(v1alpha1.ReasonCredentialsInvalid, message, 0)
			Eventually(func() string { return w.providerReason() }).Should(Equal(v1alpha1.ReasonCredentialsInvalid))
			if data == nil {
				w.secret(map[string][]byte{"privateKey": w.pem})
			} else {
				w.setSecret(w.pem)
			}
			fixed()
			Eventually(func() string { return w.providerReason() }).Should(Equal(v1alpha1.ReasonReady))
		},
		Entry("no Secret", nil, `Secret "acme-app" was not found in namespace hub-`),
		Entry("no key", map[string][]byte{"key": []byte("x")}, "privateKey"),
		Entry("not a PEM", map[string][]byte{"privateKey": []byte("hunter2")}, "privateKey"),
	)

	It("tells a key that GitHub refuses, and picks up the right one without waiting for a back-off", func() {
		foreign := w.scm.AddApp(999)
		w.secret(map[string][]byte{"privateKey": foreign})
		w.provider()
		w.repo(euCluster, "shop", "acme/shop")
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		told(v1alpha1.ReasonCredentialsInvalid, "", 3)
		at := time.Now()
		w.setSecret(w.pem)
		fixed()
		Expect(time.Since(at)).To(BeNumerically("<", 10*time.Second))
	})

	It("tells a denied grant, and goes on when it is given", func() {
		w.ready(func(p *v1alpha1.ScmProvider) { p.Spec.Grants[0].Clusters = []v1alpha1.Pattern{"us"} })
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		told(v1alpha1.ReasonDenied, "no grant of ScmProvider acme", 0)
		w.grantTo("us", "eu")
		fixed()
	})

	It("tells an unknown commit, and tries again soon for the push that is on its way", func() {
		w.ready()
		w.start()
		sha := "ffffffffffffffffffffffffffffffffffffffff"
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.SHA = sha })
		told(v1alpha1.ReasonCommitNotFound, "", 4)
		w.scm.AddCommit("acme/shop", sha)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
	})

	It("tells an unknown repository", func() {
		w.ready()
		w.repo(euCluster, "nowhere", "acme/nowhere")
		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess, func(cs *v1alpha1.CommitStatus) { cs.Spec.GitRepoRef.Name = "nowhere" })
		told(v1alpha1.ReasonRepoNotFound, "acme/nowhere", 4)
	})
})

// providerReason returns the Ready reason of the ScmProvider acme.
func (w *world) providerReason() string {
	p := &v1alpha1.ScmProvider{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme"}, p)).To(Succeed())
	if ready := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady); ready != nil {
		return ready.Reason
	}
	return ""
}

func (w *world) setSecret(pem []byte) {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme-app"}, secret)).To(Succeed())
	secret.Data = map[string][]byte{"privateKey": pem}
	Expect(hubCluster.Client.Update(w.ctx, secret)).To(Succeed())
}

// grantTo lets just these clusters write through the ScmProvider acme.
func (w *world) grantTo(clusters ...v1alpha1.Pattern) {
	GinkgoHelper()
	Eventually(func() error {
		p := &v1alpha1.ScmProvider{}
		if err := hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "acme"}, p); err != nil {
			return err
		}
		p.Spec.Grants = nil
		if len(clusters) > 0 {
			p.Spec.Grants = []v1alpha1.Grant{{Clusters: clusters, Repositories: []v1alpha1.Pattern{"acme/*"}}}
		}
		return hubCluster.Client.Update(w.ctx, p)
	}).Should(Succeed())
}
