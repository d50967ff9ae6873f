package onboard

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

var _ = Describe("Add refuses", func() {
	DescribeTable("what makes no member", func(ctx SpecContext, why string, change func(*Plan)) {
		p := newPlan(ctx)
		change(&p)
		_, err := Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring(why)))
		Expect(versions(ctx, prod, p)).To(BeEmpty())
	},
		Entry("the hub's own name", "hub's own cluster", func(p *Plan) { p.Name = "local" }),
		Entry("a name that no Secret has", "cannot be a member's name", func(p *Plan) { p.Name = "Prod_EU" }),
		Entry("a namespace that is none", "is no namespace", func(p *Plan) { p.Namespaces = []string{"a b"} }),
		Entry("a namespace that the member lacks", "no namespace nowhere", func(p *Plan) { p.Namespaces = []string{"nowhere"} }),
		Entry("a hub that is not there", "install the hub first", func(p *Plan) { p.Namespace = "no-hub" }),
		Entry("a token that hardly lives", "10m", func(p *Plan) { p.TokenDuration = time.Minute }),
		Entry("what the hub's vetting refuses", "the hub would refuse", func(p *Plan) { p.Endpoint.Server = "http://10.0.0.7" }),
	)

	It("a Secret that is no member's", func(ctx SpecContext) {
		p := newPlan(ctx)
		other := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: p.Name}, StringData: map[string]string{"token": "x"}}
		Expect(hub.Create(ctx, other)).To(Succeed())
		_, err := Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring("no member's")))
		Expect(secretOf(ctx, p).Data).To(HaveKey("token"))
		Expect(versions(ctx, prod, p)).To(BeEmpty())
	})

	It("the hub's own cluster", func(ctx SpecContext) {
		_, err := Add(ctx, hub, hub, newPlan(ctx))
		Expect(err).To(MatchError(ContainSubstring("serves its own")))
	})

	It("a cluster that is a member already", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		p.Name = "prod-eu-2"
		_, err := Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring(`already, as "prod-eu"`)))

		By("a Secret that no account tells of")
		p = newPlan(ctx)
		handMade(ctx, p, "opaque-token")
		p.Name = "prod-eu-2"
		_, err = Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring(`already, as "prod-eu"`)))
	})

	It("another cluster by the name of a member", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		before := secretOf(ctx, p)
		p.Endpoint = bareAt
		_, err := Add(ctx, hub, bare, p)
		Expect(err).To(MatchError(And(ContainSubstring("is not prod-eu"), ContainSubstring("--keep-member"))))
		Expect(secretOf(ctx, p).ResourceVersion).To(Equal(before.ResourceVersion))
		Expect(versions(ctx, bare, p)).To(BeEmpty())
	})

	It("roles of that name that are somebody else's, unless told otherwise", func(ctx SpecContext) {
		p := newPlan(ctx)
		theirs := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: role(p.Namespace)}, Rules: tokenRights()}
		Expect(prod.Create(ctx, theirs)).To(Succeed())
		_, err := Add(ctx, hub, prod, p)
		Expect(err).To(MatchError(ContainSubstring("--force-conflicts")))
		p.ForceConflicts = true
		add(ctx, prod, p)
		Expect(granted(ctx, prod, p.Namespace)).To(HaveKeyWithValue("", Rights()))
	})
})
