package onboard

import (
	"bytes"
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

var _ = Describe("Remove", func() {
	gone := func(ctx SpecContext, p Plan) {
		GinkgoHelper()
		err := hub.Get(ctx, client.ObjectKey{Namespace: p.Namespace, Name: p.Name}, &corev1.Secret{})
		Expect(apierrors.IsNotFound(err)).To(BeTrue())
	}
	report := func(removed Removed, p Plan, member *Cluster, keep bool) string {
		var out bytes.Buffer
		removed.Report(&out, hub, member, Removal{Namespace: p.Namespace, Name: p.Name}, keep)
		return out.String()
	}

	It("takes away on both sides what Add made, and may be done again", func(ctx SpecContext) {
		p := newPlan(ctx)
		p.Namespaces = []string{team(ctx, "team-a")}
		add(ctx, prod, p)
		removed, err := Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		gone(ctx, p)
		Expect(removed.Objects).To(ContainElements("ServiceAccount "+p.Namespace+"/"+Account, "Namespace "+p.Namespace))
		Expect(removed.Kept).To(BeEmpty())
		Expect(granted(ctx, prod, p.Namespace)).To(BeEmpty())

		_, err = Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(MatchError(And(ContainSubstring("no member"), ContainSubstring("--orphaned"))))
		removed, err = Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name, Orphaned: true})
		Expect(err).NotTo(HaveOccurred())
		Expect(removed).To(BeZero())
		Expect(report(removed, p, &prod, false)).To(ContainSubstring("nothing to delete"))
	})

	It("leaves a namespace that others use, and what it did not make", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		Expect(prod.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "theirs"}})).To(Succeed())
		removed, err := Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		Expect(removed.Kept).To(ConsistOf("Namespace " + p.Namespace))

		p = newPlan(ctx)
		for _, object := range []client.Object{
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.Namespace}},
			&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: Account}},
		} {
			Expect(prod.Create(ctx, object)).To(Succeed())
		}
		Expect(hub.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
			Namespace: p.Namespace, Name: p.Name, Labels: map[string]string{kubeconfigs.MemberLabel: "true"},
		}})).To(Succeed())
		removed, err = Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		Expect(removed.Kept).To(ConsistOf("ServiceAccount "+p.Namespace+"/"+Account, "Namespace "+p.Namespace))
	})

	It("says what remains where the member is not named", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		removed, err := Remove(ctx, hub, nil, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		gone(ctx, p)
		Expect(report(removed, p, nil, false)).To(ContainSubstring("cluster remove prod-eu --orphaned --namespace " + p.Namespace + " --context CONTEXT"))
		Expect(report(removed, p, nil, true)).NotTo(ContainSubstring("remain"))
		Expect(granted(ctx, prod, p.Namespace)).NotTo(BeEmpty())
		_, err = Remove(ctx, hub, nil, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(MatchError(ContainSubstring("not found")))
	})

	It("refuses a cluster that was never a member of this hub, before it deletes anything", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		before := versions(ctx, prod, p)
		_, err := Remove(ctx, hub, &bare, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(MatchError(And(ContainSubstring("is not prod-eu"), ContainSubstring("no account"), ContainSubstring("--keep-member"))))
		Expect(secretOf(ctx, p).DeletionTimestamp).To(BeNil())
		Expect(versions(ctx, prod, p)).To(Equal(before))

		By("knowing the member by its CA, at another address, without the account that was")
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: Account}}
		Expect(prod.Delete(ctx, account)).To(Succeed())
		elsewhere := prod
		elsewhere.Config = rest.CopyConfig(prod.Config)
		elsewhere.Config.Host = "https://elsewhere.example"
		_, err = Remove(ctx, hub, &elsewhere, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		gone(ctx, p)
		Expect(granted(ctx, prod, p.Namespace)).To(BeEmpty())
	})

	It("refuses another cluster than that of a token which is no account's", func(ctx SpecContext) {
		p := newPlan(ctx)
		kubeconfig, err := p.kubeconfig("opaque-token")
		Expect(err).NotTo(HaveOccurred())
		secret := p.secret(kubeconfig, false)
		Expect(apply(ctx, hub, false, secret)).To(Succeed())
		_, err = Remove(ctx, hub, &bare, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(MatchError(ContainSubstring("is not prod-eu")))
		_, err = Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).NotTo(HaveOccurred())
		gone(ctx, p)
	})

	It("refuses another cluster than the member's, a Secret that is none, and the hub", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		elsewhere := p
		elsewhere.Endpoint = bareAt
		Expect(elsewhere.prepare(ctx, bare)).To(Succeed())
		_, err := Remove(ctx, hub, &bare, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(MatchError(ContainSubstring("is not prod-eu")))
		_, err = Remove(ctx, hub, &hub, Removal{Namespace: p.Namespace, Name: p.Name})
		Expect(err).To(HaveOccurred())
		_, err = Remove(ctx, hub, nil, Removal{Namespace: p.Namespace, Name: "local"})
		Expect(err).To(HaveOccurred())
		Expect(secretOf(ctx, p)).NotTo(BeNil())

		other := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: "other"}}
		Expect(hub.Create(ctx, other)).To(Succeed())
		_, err = Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: "other"})
		Expect(err).To(MatchError(ContainSubstring("no member's")))
		Expect(granted(ctx, prod, p.Namespace)).NotTo(BeEmpty())
	})

	DescribeTable("touches no cluster to which another Secret leads", func(ctx SpecContext, prepare func(SpecContext, *Plan)) {
		p := newPlan(ctx)
		prepare(ctx, &p)
		before, secret := versions(ctx, prod, p), secretOf(ctx, p)
		for _, r := range []Removal{{Name: "prod-euu"}, {Name: "prod-euu", Orphaned: true}, {Name: "prod", Orphaned: true}} {
			r.Namespace = p.Namespace
			_, err := Remove(ctx, hub, &prod, r)
			Expect(err).To(MatchError(ContainSubstring(`the context's cluster is member "prod-eu"`)))
		}
		Expect(versions(ctx, prod, p)).To(Equal(before))
		Expect(secretOf(ctx, p).ResourceVersion).To(Equal(secret.ResourceVersion))

		By("a second Secret for the same cluster")
		twin := secret.DeepCopy()
		twin.ObjectMeta = metav1.ObjectMeta{Namespace: p.Namespace, Name: "twin", Labels: secret.Labels}
		Expect(hub.Create(ctx, twin)).To(Succeed())
		_, err := Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: "twin"})
		Expect(err).To(MatchError(And(ContainSubstring(`member "prod-eu" too`), ContainSubstring("--keep-member"))))
		_, err = Remove(ctx, hub, nil, Removal{Namespace: p.Namespace, Name: "twin"})
		Expect(err).NotTo(HaveOccurred())
		Expect(versions(ctx, prod, p)).To(Equal(before))
	},
		Entry("with a token of its account", func(ctx SpecContext, p *Plan) { add(ctx, prod, *p) }),
		Entry("at another address", func(ctx SpecContext, p *Plan) {
			p.Endpoint.Server = "https://elsewhere.example.com:6443"
			add(ctx, prod, *p)
		}),
		Entry("limited to namespaces", func(ctx SpecContext, p *Plan) {
			p.Namespaces = []string{team(ctx, "team-a")}
			add(ctx, prod, *p)
		}),
		Entry("with a token of another account of it", func(ctx SpecContext, p *Plan) {
			Expect(p.prepare(ctx, prod)).To(Succeed())
			account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: team(ctx, "robots"), Name: "robot"}}
			Expect(prod.Create(ctx, account)).To(Succeed())
			request := &authenticationv1.TokenRequest{}
			Expect(prod.SubResource("token").Create(ctx, account, request)).To(Succeed())
			handMade(ctx, *p, request.Status.Token)
		}),
		Entry("with a token that is no account's", func(ctx SpecContext, p *Plan) {
			Expect(p.prepare(ctx, prod)).To(Succeed())
			handMade(ctx, *p, "opaque-token")
		}),
	)

	It("removes nothing of a member whose Secret exists as if it did not", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		_, err := Remove(ctx, hub, &prod, Removal{Namespace: p.Namespace, Name: p.Name, Orphaned: true})
		Expect(err).To(MatchError(ContainSubstring("without --orphaned")))
		Expect(granted(ctx, prod, p.Namespace)).NotTo(BeEmpty())
	})
})

// handMade makes a member's Secret on the hub without Add.
func handMade(ctx context.Context, p Plan, token string) {
	GinkgoHelper()
	kubeconfig, err := p.kubeconfig(token)
	Expect(err).NotTo(HaveOccurred())
	Expect(apply(ctx, hub, false, p.secret(kubeconfig, false))).To(Succeed())
}
