package e2e

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gbytes"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub"
)

// second is another tenant of the member eu.
func (w *world) second() *world {
	GinkgoHelper()
	b := *w
	b.tenant = w.tenant + "-b"
	b.create(euCluster, &corev1.Namespace{ObjectMeta: objectMeta("", b.tenant)})
	DeferCleanup(func() {
		Expect(euCluster.Client.DeleteAllOf(w.ctx, &v1alpha1.CommitStatus{}, client.InNamespace(b.tenant))).To(Succeed())
		Expect(euCluster.Client.DeleteAllOf(w.ctx, &v1alpha1.GitRepo{}, client.InNamespace(b.tenant))).To(Succeed())
	})
	return &b
}

// point has the GitRepo shop lead to another repository, through another ScmProvider.
func (w *world) point(provider, repository string) {
	GinkgoHelper()
	Eventually(func() error {
		repo := &v1alpha1.GitRepo{}
		if err := euCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.tenant, Name: "shop"}, repo); err != nil {
			return err
		}
		repo.Spec = v1alpha1.GitRepoSpec{ScmProviderRef: v1alpha1.ObjectReference{Name: provider}, Repository: repository}
		return euCluster.Client.Update(w.ctx, repo)
	}).Should(Succeed())
}

var _ = Describe("Two tenants of one member", func() {
	var (
		a, b *world
		log  *gbytes.Buffer
	)

	// denied expects that a claim is told so, and that it is in the log.
	denied := func(w *world, name, what string) {
		GinkgoHelper()
		Eventually(func() string {
			if w.reason(euCluster, name)() != v1alpha1.ReasonDenied {
				return ""
			}
			return w.get(euCluster, name).Status.Conditions[0].Message
		}).Should(MatchRegexp(what))
		Eventually(log).Should(gbytes.Say(`denied: no grant allows it.*"cluster":"eu","namespace":"%s","name":"%s".*%s`, w.tenant, name, what))
	}
	// written are the repositories and names that were written to.
	written := func() (out []string) {
		for _, repository := range []string{"acme/shop", "acme/vault", "beta/shop"} {
			for _, run := range append(a.scm.CheckRuns(repository, testSHA), a.scm.CheckRuns(repository, otherSHA)...) {
				out = append(out, repository+" "+run.Name)
			}
		}
		return out
	}

	BeforeEach(func() {
		a = newWorld()
		b = a.second()
		a.scm.AddRepo("acme/vault", testSHA, otherSHA)
		a.scm.AddRepo("beta/shop", testSHA, otherSHA)
		a.scm.Install(appID, installationID+1, "beta")
		a.secret(map[string][]byte{"privateKey": a.pem})
		a.provider(func(p *v1alpha1.ScmProvider) {
			p.Spec.Grants = []v1alpha1.Grant{{
				Clusters: []v1alpha1.Pattern{"eu"}, Namespaces: []v1alpha1.Pattern{v1alpha1.Pattern(a.tenant)},
				Repositories: []v1alpha1.Pattern{"acme/shop"}, Names: []v1alpha1.Pattern{"ci/*"},
			}}
		})
		a.provider(func(p *v1alpha1.ScmProvider) {
			p.Name, p.Spec.GitHub.InstallationID = "beta", installationID+1
			p.Spec.Grants = []v1alpha1.Grant{{
				Clusters: []v1alpha1.Pattern{"eu"}, Namespaces: []v1alpha1.Pattern{v1alpha1.Pattern(b.tenant)}, Repositories: []v1alpha1.Pattern{"beta/*"},
			}}
		})
		a.repo(euCluster, "shop", "acme/shop")
		b.repo(euCluster, "shop", "beta/shop")
		b.point("beta", "beta/shop")
		a.member("eu", euCluster.Kubeconfig())
		log = gbytes.NewBuffer()
		a.start(func(o *hub.Options) { o.Log = zap.New(zap.WriteTo(log), zap.JSONEncoder()) })
	})

	named := func(name string) func(*v1alpha1.CommitStatus) {
		return func(cs *v1alpha1.CommitStatus) { cs.Spec.Name = name }
	}

	It("write what they were granted, and nothing of each other's", func() {
		a.ask(euCluster, "mine", v1alpha1.PhaseSuccess, named("ci/test"))
		a.synced(euCluster, "mine", v1alpha1.PhaseSuccess)
		b.ask(euCluster, "mine", v1alpha1.PhaseSuccess)
		b.synced(euCluster, "mine", v1alpha1.PhaseSuccess)

		By("asking for a name, a repository and a ScmProvider of others")
		a.ask(euCluster, "name", v1alpha1.PhaseSuccess, named("security/scan"))
		denied(a, "name", `to acme/shop`)
		b.point("acme", "acme/shop")
		denied(b, "mine", `ScmProvider acme lets namespace `+b.tenant+` of cluster eu write the status .* to acme/shop`)
		b.point("beta", "acme/vault")
		denied(b, "mine", `ScmProvider beta .* to acme/vault`)
		a.point("beta", "beta/shop")
		denied(a, "mine", `ScmProvider beta .* to beta/shop`)

		Consistently(written).Should(ConsistOf("acme/shop ci/test", "beta/shop mine"))
		Expect(a.scm.Writes()).To(HaveLen(2))
		By("granting it again")
		b.point("beta", "beta/shop")
		b.synced(euCluster, "mine", v1alpha1.PhaseSuccess)
		Expect(a.scm.Writes()).To(HaveLen(2))
	})

	It("have nothing written for a grant, or a GitRepo, that changed while they waited", func() {
		a.scm.Inject(retryAfter("3"))
		a.ask(euCluster, "first", v1alpha1.PhaseSuccess, named("ci/first"))
		Eventually(a.refused).Should(BeNumerically(">=", 0), "the installation is paused")
		for _, name := range []string{"one", "two"} {
			a.ask(euCluster, name, v1alpha1.PhaseSuccess, named("ci/"+name))
		}
		Consistently(written).WithTimeout(time.Second).Should(BeEmpty(), "all wait")
		a.grantTo("us")
		denied(a, "one", `to acme/shop`)
		Eventually(a.reason(euCluster, "two")).Should(Equal(v1alpha1.ReasonDenied))
		a.grantTo("eu")
		a.point("acme", "acme/vault")
		for _, name := range []string{"first", "one", "two"} {
			a.synced(euCluster, name, v1alpha1.PhaseSuccess)
		}
		Expect(written()).To(ConsistOf("acme/vault ci/first", "acme/vault ci/one", "acme/vault ci/two"))
	})
})
