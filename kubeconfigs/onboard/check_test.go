package onboard

import (
	"context"
	"slices"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// missed are the findings of a check that are not well.
func missed(ctx context.Context, p Plan) func() []string {
	return func() []string {
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		var bad []string
		for _, f := range findings {
			if f.Outcome == Unknown { // a CRD's fields, for a moment after it was made
				bad = append(bad, f.What)
			}
			if f.Bad() {
				Expect(f.Remedy).To(HavePrefix("commit-status-hub cluster add prod-eu --context CONTEXT --server https://"))
				bad = append(bad, string(f.Outcome)+" "+f.What)
			}
		}
		return bad
	}
}

func uninstallCRDs(ctx context.Context) {
	for _, crd := range crds() {
		Expect(client.IgnoreNotFound(bare.Delete(ctx, crd))).To(Succeed())
		Eventually(func() bool {
			err := bare.Get(ctx, client.ObjectKeyFromObject(crd), &apiextensionsv1.CustomResourceDefinition{})
			return err != nil && client.IgnoreNotFound(err) == nil
		}).Should(BeTrue())
	}
}

var _ = Describe("Check", func() {
	It("finds nothing missing in what Add made", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(findings).To(HaveLen(1 + 2 + 6 + 1 + 4 + 1)) // answer, CRDs, read, status, events, token
	})

	It("finds each permission that is missing", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())
		broken := &rbacv1.ClusterRole{}
		key := client.ObjectKey{Name: role(p.Namespace)}
		Expect(prod.Get(ctx, key, broken)).To(Succeed())
		whole := slices.Clone(broken.Rules)
		for _, question := range asked(whole, "") {
			broken.Rules = nil
			for _, other := range asked(whole, "") {
				if other == question {
					continue
				}
				resource := strings.TrimSuffix(other.Resource+"/"+other.Subresource, "/")
				broken.Rules = append(broken.Rules, rbacv1.PolicyRule{
					APIGroups: []string{other.Group}, Resources: []string{resource}, Verbs: []string{other.Verb},
				})
			}
			Expect(prod.Update(ctx, broken)).To(Succeed())
			Eventually(missed(ctx, p)).Should(ConsistOf("missing may " + say(question)))
		}
		p.ForceConflicts = true
		add(ctx, prod, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())

		binding := &rbacv1.RoleBinding{}
		binding.Namespace, binding.Name = p.Namespace, tokenName
		Expect(prod.Delete(ctx, binding)).To(Succeed())
		Eventually(missed(ctx, p)).Should(ConsistOf("missing may create serviceaccounts/token of commit-status-hub in " + p.Namespace))
	})

	It("looks into each namespace that the member is limited to", func(ctx SpecContext) {
		p := newPlan(ctx)
		a, b := team(ctx, "team-a"), team(ctx, "team-b")
		p.Namespaces = []string{a, b}
		add(ctx, prod, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())
		binding := &rbacv1.RoleBinding{}
		binding.Namespace, binding.Name = b, role(p.Namespace)
		Expect(prod.Delete(ctx, binding)).To(Succeed())
		Eventually(missed(ctx, p)).Should(And(HaveLen(11), HaveEach(HaveSuffix(" in "+b))))
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(findings[len(findings)-2].Remedy).To(ContainSubstring("--namespaces " + a + "," + b))
	})

	It("finds CRDs that are missing or lack a field", func(ctx SpecContext) {
		DeferCleanup(uninstallCRDs)
		p := newPlan(ctx)
		p.Endpoint = bareAt
		add(ctx, bare, p)
		Eventually(missed(ctx, p)).Should(ConsistOf(
			"missing CRD commitstatuses.commit-status.argoproj.io", "missing CRD gitrepos.commit-status.argoproj.io"))
		Expect(bare.Delete(ctx, &rbacv1.ClusterRoleBinding{ObjectMeta: metav1.ObjectMeta{Name: role(p.Namespace)}})).To(Succeed())
		Eventually(missed(ctx, p)).Should(HaveLen(2 + 11))
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		remedies := NewCheckReport(p.Name, findings, nil).remedies()
		Expect(remedies).To(HaveLen(1), "one command repairs all")
		Expect(remedies[0].remedy).To(HaveSuffix(" --crds"))

		p.CRDs = true
		add(ctx, bare, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())
		crd := &apiextensionsv1.CustomResourceDefinition{}
		Expect(bare.Get(ctx, client.ObjectKeyFromObject(crds()[0]), crd)).To(Succeed())
		status := crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
		delete(status.Properties, "shortSha")
		github := status.Properties["provider"].Properties["github"]
		delete(github.Properties, "statusId")
		Expect(bare.Update(ctx, crd)).To(Succeed())
		Eventually(missed(ctx, p)).Should(ConsistOf(
			"outdated CRD commitstatuses.commit-status.argoproj.io lacks status.provider.github.statusId, status.shortSha"))
		add(ctx, bare, p)
		Eventually(missed(ctx, p)).Should(BeEmpty())
	})

	It("says that a member does not answer, takes no such token, or that the token has ended", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now().Add(2*time.Hour))
		Expect(err).NotTo(HaveOccurred())
		Expect(findings).To(ConsistOf(HaveField("What", ContainSubstring("it ended at"))))

		account := p.account()
		Expect(prod.Delete(ctx, account)).To(Succeed())
		Eventually(missed(ctx, p)).Should(ConsistOf(ContainSubstring("does not accept the credential")))

		p.Endpoint.Server = "https://127.0.0.1:1"
		add(ctx, prod, p)
		findings, err = Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(findings).To(ConsistOf(And(
			HaveField("What", HavePrefix("an answer from https://127.0.0.1:1")), HaveField("Remedy", ContainSubstring("--server ADDRESS")))))
	})

	It("says that the hub refuses the kubeconfig", func(ctx SpecContext) {
		p := newPlan(ctx)
		add(ctx, prod, p)
		secret := secretOf(ctx, p)
		secret.Data[kubeconfigs.KubeconfigKey] = []byte("{}")
		Expect(hub.Update(ctx, secret)).To(Succeed())
		findings, err := Check(ctx, hub, p.Namespace, p.Name, time.Now())
		Expect(err).NotTo(HaveOccurred())
		Expect(findings).To(ConsistOf(HaveField("What", ContainSubstring("no current-context"))))
	})

	It("knows no member without a Secret, and names those that there are", func(ctx SpecContext) {
		p := newPlan(ctx)
		_, err := Check(ctx, hub, p.Namespace, "prod", time.Now())
		Expect(err).To(MatchError(HaveSuffix(`"prod" not found in namespace ` + p.Namespace)))
		add(ctx, prod, p)
		_, err = Check(ctx, hub, p.Namespace, "prod", time.Now())
		Expect(err).To(MatchError(HaveSuffix(`"prod" not found in namespace ` + p.Namespace + "; its members are prod-eu")))
	})
})
