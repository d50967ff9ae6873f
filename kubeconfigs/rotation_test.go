package kubeconfigs

import (
	"context"
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

var _ = Describe("A changed kubeconfig", func() {
	It("that differs in the token alone does not engage the member again", func(ctx SpecContext) {
		first, err := hub.TokenKubeconfig(ctx, "robots", "first")
		Expect(err).NotTo(HaveOccurred())
		second, err := hub.TokenKubeconfig(ctx, "robots", "second")
		Expect(err).NotTo(HaveOccurred())

		r := runReplica(ctx)
		secret := r.add(ctx, "member", first)
		Eventually(r.engagements("member")).Should(HaveLen(1))
		member := r.engagements("member")()[0]
		Expect(nameAt(ctx, member.cluster.GetConfig())).To(Equal("system:serviceaccount:robots:first"))
		informer, err := member.cluster.GetCache().GetInformer(ctx, &v1alpha1.CommitStatus{})
		Expect(err).NotTo(HaveOccurred())

		change(ctx, secret, put(second))
		Eventually(nameAt).WithArguments(ctx, member.cluster.GetConfig()).Should(Equal("system:serviceaccount:robots:second"))
		Expect(r.engagements("member")()).To(HaveLen(1))
		Expect(member.ctx.Err()).NotTo(HaveOccurred())
		Expect(informer.IsStopped()).To(BeFalse())

		By("keeping the token that works when the next does not")
		third, err := bare.TokenKubeconfig(ctx, "robots", "third")
		Expect(err).NotTo(HaveOccurred())
		strange, err := Vet(third)
		Expect(err).NotTo(HaveOccurred())
		change(ctx, secret, put(hub.KubeconfigFor(strange)))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonUnauthorized))
		Expect(nameAt(ctx, member.cluster.GetConfig())).To(Equal("system:serviceaccount:robots:second"))
	})

	It("is engaged before the one before is let go", func(ctx SpecContext) {
		r := runReplica(ctx)
		secret := r.add(ctx, "member", insider(hub, "first"))
		Eventually(r.engagements("member")).Should(HaveLen(1))
		change(ctx, secret, put(insider(hub, "second")))
		Eventually(r.engagements("member")).Should(HaveLen(2))
		both := r.engagements("member")()
		Expect(both[1].overlaps).To(BeTrue())
		Eventually(both[0].ctx.Done()).Should(BeClosed())
		Expect(both[1].ctx.Err()).NotTo(HaveOccurred())
		Expect(r.provider.Get(ctx, "member")).To(BeIdenticalTo(both[1].cluster))
		Expect(nameAt(ctx, both[1].cluster.GetConfig())).To(Equal("second"))
	})

	It("that does not work leaves the one before in use, and is tried until mended", func(ctx SpecContext) {
		r := runReplica(ctx)
		kubeconfig := insider(hub, "first")
		secret := r.add(ctx, "member", kubeconfig)
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
		member := r.engagements("member")()[0]

		By("an API server that is not there")
		change(ctx, secret, put(unreachable(kubeconfig)))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonUnreachable))
		Expect(r.health("member")().Message).To(ContainSubstring("the one before still is"))

		By("a credential without permission")
		change(ctx, secret, put(outsider(hub, "outsider")))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonForbidden))

		By("a forbidden field")
		config := good()
		config.AuthInfos["u"].Username = "admin"
		change(ctx, secret, put(written(GinkgoTB(), config)))
		Eventually(r.health("member")).Should(haveState(Connected, BasicAuthForbidden))

		Eventually(r.events(ctx, "member")).Should(ConsistOf(ReasonConnected, ReasonUnreachable, ReasonForbidden, BasicAuthForbidden))
		Expect(r.engagements("member")()).To(HaveLen(1))
		Expect(member.ctx.Err()).NotTo(HaveOccurred())
		Expect(nameAt(ctx, member.cluster.GetConfig())).To(Equal("first"))

		By("one that hangs, which holds up nothing that comes after it")
		hung, asked := hanging()
		change(ctx, secret, put(hung))
		Eventually(asked).Should(Receive())
		change(ctx, secret, put(insider(hub, "second")))
		Eventually(r.engagements("member")).WithTimeout(5 * time.Second).Should(HaveLen(2))
		Eventually(member.ctx.Done()).Should(BeClosed())
		Eventually(r.health("member")).Should(haveState(Connected, ReasonConnected))
	})

	// bound lets a new user do what a hub may, until revoke.
	bound := func(ctx context.Context, name string) (kubeconfig []byte, grant, revoke func()) {
		GinkgoHelper()
		binding := func() *rbacv1.ClusterRoleBinding {
			return &rbacv1.ClusterRoleBinding{
				ObjectMeta: metav1.ObjectMeta{Name: name},
				RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: insiders},
				Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: name}},
			}
		}
		grant = func() {
			GinkgoHelper()
			Expect(hub.Client.Create(ctx, binding())).To(Succeed())
		}
		revoke = func() {
			GinkgoHelper()
			Expect(hub.Client.Delete(ctx, binding())).To(Succeed())
		}
		grant()
		DeferCleanup(func(ctx SpecContext) {
			Expect(client.IgnoreNotFound(hub.Client.Delete(ctx, binding()))).To(Succeed())
		})
		return outsider(hub, name), grant, revoke
	}
	// ask has the member asked by the connection that is in use.
	ask := func(ctx context.Context, e engaged) func() error {
		GinkgoHelper()
		live, err := client.New(e.cluster.GetConfig(), client.Options{Scheme: clusters.Scheme()})
		Expect(err).NotTo(HaveOccurred())
		return func() error { return live.List(ctx, &v1alpha1.GitRepoList{}) }
	}

	It("that fails is told of when the one before fails too, and when that is mended", func(ctx SpecContext) {
		r := runReplica(ctx)
		kubeconfig, grant, revoke := bound(ctx, "revoked-while-failing")
		secret := r.add(ctx, "member", kubeconfig)
		Eventually(r.engagements("member")).Should(HaveLen(1))
		change(ctx, secret, put(unreachable(kubeconfig)))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonUnreachable))

		revoke()
		Eventually(r.health("member")).Should(haveState(Unreachable, ReasonUnreachable), "nobody asked by the connection in use")
		Expect(r.health("member")().Message).To(And(HavePrefix("neither"), MatchRegexp("(?i)forbidden")))
		grant()
		Eventually(r.health("member")).Should(haveState(Connected, ReasonUnreachable))
		Expect(r.engagements("member")()).To(HaveLen(1))
	})

	It("that is refused is told of when the one before fails, and when that is mended", func(ctx SpecContext) {
		r := runReplica(ctx)
		kubeconfig, grant, revoke := bound(ctx, "revoked-while-refused")
		secret := r.add(ctx, "member", kubeconfig)
		Eventually(r.engagements("member")).Should(HaveLen(1))
		member := r.engagements("member")()[0]
		config := good()
		config.AuthInfos["u"].Username = "admin"
		change(ctx, secret, put(written(GinkgoTB(), config)))
		Eventually(r.health("member")).Should(haveState(Connected, BasicAuthForbidden))

		revoke()
		Eventually(ask(ctx, member)).ShouldNot(Succeed())
		Eventually(r.health("member")).Should(haveState(Refused, BasicAuthForbidden))
		Expect(r.health("member")().Message).To(HavePrefix("neither"))
		grant()
		Eventually(r.health("member")).Should(haveState(Connected, BasicAuthForbidden))
		Expect(member.ctx.Err()).NotTo(HaveOccurred(), "it may come back, so it is kept")
	})

	It("that is refused during the first lists of the one before does not hide that they are done", func(ctx SpecContext) {
		r := newReplica(ctx)
		proceed := make(chan struct{})
		slow := func(http.Handler) faults.Fault {
			return faults.Fault{Answer: func(_ http.ResponseWriter, request *http.Request) bool {
				if query := request.URL.Query(); query.Get("limit") != "1" && query.Get("watch") == "" {
					<-proceed
				}
				return false
			}}
		}
		r.fronted(ctx, hub, "", slow)
		r.begin()
		Eventually(r.health("member")).Should(haveState(Connecting, ReasonListing))
		config := good()
		config.AuthInfos["u"].Username = "admin"
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: r.namespace, Name: "member"}}
		Expect(hub.Client.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
		change(ctx, secret, put(written(GinkgoTB(), config)))
		Eventually(r.health("member")).Should(haveState(Connecting, BasicAuthForbidden))

		close(proceed)
		Eventually(r.health("member")).Should(haveState(Connected, BasicAuthForbidden))
		Eventually(r.events(ctx, "member")).Should(ConsistOf(BasicAuthForbidden))
	})

	It("with a token that is no good does not hide that the one before was revoked", func(ctx SpecContext) {
		first, err := hub.TokenKubeconfig(ctx, "robots", "revoked")
		Expect(err).NotTo(HaveOccurred())
		strange, err := bare.TokenKubeconfig(ctx, "robots", "strange")
		Expect(err).NotTo(HaveOccurred())
		token, err := Vet(strange)
		Expect(err).NotTo(HaveOccurred())

		r := runReplica(ctx)
		secret := r.add(ctx, "member", first)
		Eventually(r.engagements("member")).Should(HaveLen(1))
		change(ctx, secret, put(hub.KubeconfigFor(token)))
		Eventually(r.health("member")).Should(haveState(Connected, ReasonUnauthorized))
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "robots", Name: "revoked"}}
		Expect(hub.Client.Delete(ctx, account)).To(Succeed())
		Eventually(r.health("member")).WithTimeout(time.Minute).Should(haveState(Denied, ReasonUnauthorized))
	})
})
