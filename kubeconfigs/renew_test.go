package kubeconfigs

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	authorizationv1 "k8s.io/api/authorization/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
)

// robot is a ServiceAccount that may do what a hub may in a member, and a kubeconfig
// with a token of its that lives for an hour.
func robot(ctx context.Context) (*corev1.ServiceAccount, []byte) {
	GinkgoHelper()
	err := hub.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "robots"}})
	Expect(err == nil || apierrors.IsAlreadyExists(err)).To(BeTrue())
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "robots", GenerateName: "robot-"}}
	Expect(hub.Client.Create(ctx, account)).To(Succeed())
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{ExpirationSeconds: new(int64(3600))}}
	Expect(hub.Client.SubResource("token").Create(ctx, account, request)).To(Succeed())
	return account, hub.KubeconfigFor(&rest.Config{BearerToken: request.Status.Token})
}

// mayRenew lets a ServiceAccount have tokens made for itself.
func mayRenew(ctx context.Context, account *corev1.ServiceAccount) {
	GinkgoHelper()
	meta := metav1.ObjectMeta{Namespace: account.Namespace, Name: account.Name}
	Expect(hub.Client.Create(ctx, &rbacv1.Role{ObjectMeta: meta, Rules: []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, ResourceNames: []string{account.Name}, Verbs: []string{"create"},
	}}})).To(Succeed())
	Expect(hub.Client.Create(ctx, &rbacv1.RoleBinding{
		ObjectMeta: meta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: account.Name},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: account.Namespace, Name: account.Name}},
	})).To(Succeed())
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: "system:serviceaccount:" + account.Namespace + ":" + account.Name,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: account.Namespace, Verb: "create", Resource: "serviceaccounts", Subresource: "token", Name: account.Name,
		},
	}}
	Eventually(func() bool {
		answer := review.DeepCopy()
		Expect(hub.Client.Create(ctx, answer)).To(Succeed())
		return answer.Status.Allowed
	}).Should(BeTrue())
}

var _ = Describe("A member's token", func() {
	It("is renewed at half its life, without another watch, and told of when it cannot be", func(ctx SpecContext) {
		began := time.Now()
		clk := clocktesting.NewFakeClock(began)
		r := runReplica(ctx, func(_ *manager.Options, o *Options) { o.Clock = clk })
		account, kubeconfig := robot(ctx)
		secret := r.add(ctx, "robot", kubeconfig)
		token := func() string {
			GinkgoHelper()
			Expect(hub.Client.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
			access, err := Vet(secret.Data[KubeconfigKey])
			Expect(err).NotTo(HaveOccurred())
			return access.BearerToken
		}
		first := token()
		Eventually(r.health("robot")).Should(And(haveState(Connected, ReasonConnected),
			HaveField("CredentialExpiry", BeTemporally("~", time.Now().Add(time.Hour), time.Minute))))
		clk.Step(29 * time.Minute)
		Consistently(token).WithTimeout(300 * time.Millisecond).Should(Equal(first))

		By("lacking the permission")
		clk.Step(2 * time.Minute)
		Eventually(r.health("robot")).Should(HaveField("RenewalError", And(
			HavePrefix("the token cannot be renewed: "), ContainSubstring("forbidden"), Not(ContainSubstring(first)))))
		Eventually(r.events(ctx, "robot")).Should(ContainElement(ReasonTokenRenewalFailed))
		Eventually(func() string { _ = token(); return secret.Annotations[HealthKey] }).Should(ContainSubstring("renewalError"))
		Expect(token()).To(Equal(first))
		Expect(r.health("robot")().State).To(Equal(Connected), "it goes on with the one that it has")

		By("having it")
		mayRenew(ctx, account)
		Eventually(func() string {
			if clk.Since(began) < 40*time.Minute {
				clk.Step(time.Minute)
			}
			return token()
		}).Should(Not(Equal(first)))
		second, ok := ReadToken(token())
		Expect(ok).To(BeTrue())
		Expect(second.Name).To(Equal(account.Name))
		Expect(second.Expiry.Sub(second.IssuedAt)).To(Equal(time.Hour), "as long as the one before")
		Eventually(r.events(ctx, "robot")).Should(ContainElement(ReasonTokenRenewed))
		Eventually(r.health("robot")).Should(HaveField("RenewalError", ""))
		Eventually(func() string { return nameIn(ctx, r) }).Should(Equal("system:serviceaccount:robots:" + account.Name))
		Expect(r.engagements("robot")()).To(HaveLen(1), "the watches go on")
	})

	It("that is another user's, or has no end, is left alone", func(ctx SpecContext) {
		m := newMember(New(Options{}), "eu")
		for _, kubeconfig := range [][]byte{insider(hub, "no-token"), hub.KubeconfigFor(&rest.Config{BearerToken: "opaque"})} {
			access, err := Vet(kubeconfig)
			Expect(err).NotTo(HaveOccurred())
			w := desired{access: access, secret: &corev1.ObjectReference{}}
			m.update(w)
			m.replace(&engagement{desired: w})
			_, due := m.tokenDue()
			Expect(due).To(BeFalse())
		}
	})
})

// nameIn asks the member robot who the hub is there.
func nameIn(ctx context.Context, r *replica) string {
	name, err := nameAt(ctx, r.engagements("robot")()[0].cluster.GetConfig())
	if err != nil {
		return err.Error()
	}
	return name
}
