package kubeconfigs

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
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
		Eventually(r.engagements("member")).Should(HaveLen(1))
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
})
