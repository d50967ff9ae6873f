package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// rulesIn are the rules by which an account is let do what it does in a namespace.
func (w *world) rulesIn(account *rest.Config, namespace string) []rbacv1.PolicyRule {
	GinkgoHelper()
	rules, err := clusters.RulesOf(w.ctx, account, namespace)
	Expect(err).NotTo(HaveOccurred())
	return rules
}

// clusterRole are the rules of a ClusterRole.
func (w *world) clusterRole(c *clusters.Cluster) []rbacv1.PolicyRule {
	GinkgoHelper()
	role := &rbacv1.ClusterRole{}
	Expect(c.Client.Get(w.ctx, types.NamespacedName{Name: "commit-status-hub"}, role)).To(Succeed())
	return role.Rules
}

var _ = Describe("The hub of these tests", func() {
	// Whatever a hub has no right to in any spec makes the suite fail at its end.
	It("has no rights but those of the manifests", func() {
		w := newWorld()
		role := &rbacv1.Role{}
		Expect(hubCluster.Client.Get(w.ctx, types.NamespacedName{Namespace: w.namespace, Name: "commit-status-hub"}, role)).To(Succeed())
		everywhere := w.clusterRole(hubCluster)
		Expect(w.rulesIn(w.account, w.namespace)).To(ConsistOf(append(role.Rules, everywhere...)))
		Expect(w.rulesIn(w.account, w.tenant)).To(ConsistOf(everywhere))

		for _, member := range []*clusters.Cluster{euCluster, usCluster} {
			everywhere := w.clusterRole(member)
			Expect(w.rulesIn(member.Config, w.tenant)).To(ConsistOf(everywhere))
			Expect(w.rulesIn(member.Config, "commit-status-system")).To(ConsistOf(append(everywhere, rbacv1.PolicyRule{
				APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"},
				ResourceNames: []string{"commit-status-hub"}, Verbs: []string{"create"},
			})))
		}
	})
})
