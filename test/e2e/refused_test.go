package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// refusing makes a policy that refuses the statuses of objects with a label, with a code.
func refusing(w *world, c *clusters.Cluster, name string, reason metav1.StatusReason) *admissionv1.ValidatingAdmissionPolicy {
	GinkgoHelper()
	policy := &admissionv1.ValidatingAdmissionPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicySpec{
			FailurePolicy: new(admissionv1.Fail),
			MatchConstraints: &admissionv1.MatchResources{
				ObjectSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"policy": name}},
				ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
					Operations: []admissionv1.OperationType{admissionv1.Update},
					Rule: admissionv1.Rule{
						APIGroups: []string{v1alpha1.GroupVersion.Group}, APIVersions: []string{"*"}, Resources: []string{"commitstatuses/status"},
					},
				}}},
			},
			Validations: []admissionv1.Validation{{Expression: "false", Message: "not on Fridays", Reason: &reason}},
		},
	}
	w.create(c, policy)
	w.create(c, &admissionv1.ValidatingAdmissionPolicyBinding{
		ObjectMeta: metav1.ObjectMeta{Name: name},
		Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{
			PolicyName: name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny},
		},
	})
	return policy
}

var _ = Describe("A member whose policy refuses statuses", func() {
	It("is reported, and has them once the policy accepts them", func() {
		member, err := clusters.Start(GinkgoT().Context())
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(func() { Expect(member.Stop()).To(Succeed()) })
		w := newWorld()
		w.ready()
		w.create(member, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: w.tenant}})
		w.repo(member, "shop", "acme/shop")
		reasons := map[string]metav1.StatusReason{"invalid": metav1.StatusReasonInvalid, "forbidden": metav1.StatusReasonForbidden, "large": metav1.StatusReasonRequestEntityTooLarge}
		var policies []*admissionv1.ValidatingAdmissionPolicy
		labeled := func(name string) func(*v1alpha1.CommitStatus) {
			return func(cs *v1alpha1.CommitStatus) { cs.Labels = map[string]string{"policy": name} }
		}
		for name, reason := range reasons {
			policies = append(policies, refusing(w, member, name, reason))
			w.ask(member, name, v1alpha1.PhaseQueued, labeled(name))
			Eventually(func() error { // policies take effect a little later
				body := []byte(`{"status":{"shortSha":"1f0c7d4"}}`)
				return member.Client.Status().Patch(w.ctx, w.get(member, name), client.RawPatch(types.MergePatchType, body), client.DryRunAll)
			}).Should(MatchError(ContainSubstring("not on Fridays")))
		}
		w.member("strict", member.Kubeconfig())
		w.start()
		health := func() string {
			secret := &corev1.Secret{}
			Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "strict"}, secret)).To(Succeed())
			return secret.Annotations["commit-status.argoproj.io/health"]
		}
		Eventually(health).Should(And(ContainSubstring(`"state":"Connected"`), ContainSubstring(`"reason":"StatusRefused"`),
			ContainSubstring("not on Fridays"), ContainSubstring(`"permissions":"complete"`)))
		w.ask(member, "other", v1alpha1.PhaseQueued)
		w.synced(member, "other", v1alpha1.PhaseQueued)
		Consistently(health).Should(ContainSubstring(`"reason":"StatusRefused"`), "one that is accepted proves nothing for the others")

		for _, policy := range policies {
			Expect(member.Client.Delete(w.ctx, policy)).To(Succeed())
		}
		for name := range reasons {
			Eventually(w.reason(member, name), "60s").Should(Equal(v1alpha1.ReasonSynced), name)
		}
		Eventually(health).Should(And(ContainSubstring(`"reason":"Connected"`), ContainSubstring(`"permissions":"complete"`)))
		Expect(w.posts()).To(Equal(len(reasons)+1), "refusing a status causes no further write to GitHub")
	})
})
