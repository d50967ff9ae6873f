package onboard

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

var _ = Describe("A static token", func() {
	// fill stands for kube-controller-manager's serviceaccount-token controller, which
	// the tests' control planes lack: it puts a token into the Secret. A real one makes
	// a token that does not end; what the hub does with either is the same.
	fill := func(ctx context.Context, p Plan) {
		defer GinkgoRecover()
		secret := &corev1.Secret{}
		Eventually(func() error {
			return prod.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: tokenName}, secret)
		}).Should(Succeed())
		Expect(secret.Type).To(Equal(corev1.SecretTypeServiceAccountToken))
		Expect(secret.Annotations).To(HaveKeyWithValue(corev1.ServiceAccountNameKey, Account))
		p.StaticToken = false
		token, _, err := p.token(ctx, prod)
		Expect(err).NotTo(HaveOccurred())
		secret.Data = map[string][]byte{corev1.ServiceAccountTokenKey: []byte(token)}
		Expect(prod.Update(ctx, secret)).To(Succeed())
	}

	It("is taken from its Secret, and needs no right to ask for tokens", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		p.StaticToken = true
		go fill(ctx, p)
		added := add(ctx, prod, p)
		Expect(added.Pruned).To(ConsistOf("RoleBinding "+p.Namespace+"/"+tokenName, "Role "+p.Namespace+"/"+tokenName))
		Expect(reported(added)).To(ContainSubstring("does not end"))
		Expect(granted(ctx, prod, p.Namespace)).To(Equal(map[string][]rbacv1.PolicyRule{"": Rights()}))
		expectConnected(engage(ctx, p), p.Name)

		first, before := tokenOf(ctx, p), versions(ctx, prod, p)
		add(ctx, prod, p)
		Expect(tokenOf(ctx, p)).To(Equal(first))
		Expect(versions(ctx, prod, p)).To(Equal(before))

		p.StaticToken = false
		Expect(add(ctx, prod, p).Pruned).To(ConsistOf("Secret " + p.Namespace + "/" + tokenName))
	})

	It("that nobody makes is not waited for for ever", func(ctx SpecContext) {
		p := newPlan(ctx)
		Expect(p.prepare(ctx, prod)).To(Succeed())
		_, err := p.staticToken(ctx, prod, 300*time.Millisecond)
		Expect(err).To(MatchError(ContainSubstring("kube-controller-manager")))
	})
})
