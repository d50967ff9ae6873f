package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

var _ = Describe("A member with a static token", func() {
	It("is added, served, checked and removed, where a real controller makes the token", func() {
		if why := clusters.ControllersSkipped(); why != "" {
			Skip(why)
		}
		w := newWorld()
		w.ready()
		stop, err := euCluster.StartTokenController(w.ctx, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(stop)
		succeed := func(words ...string) string {
			GinkgoHelper()
			told, err := w.clusterCommand(words...)
			Expect(err).NotTo(HaveOccurred(), told)
			return told
		}
		Expect(succeed("add", "prod", "--context", "eu", "--static-token")).To(ContainSubstring("its token does not end"))
		made := &corev1.Secret{}
		key := types.NamespacedName{Namespace: w.namespace, Name: "commit-status-hub-token"}
		Expect(euCluster.Client.Get(w.ctx, key, made)).To(Succeed())
		Expect(made.Type).To(Equal(corev1.SecretTypeServiceAccountToken))
		Expect(made.Data).To(HaveKey("token"))
		Expect(succeed("list", "-o", "json")).NotTo(ContainSubstring("credentialExpiry"))
		told, err := w.clusterCommand("add", "prod-2", "--context", "eu")
		Expect(err).To(HaveOccurred())
		Expect(told).To(ContainSubstring(`a member already, as "prod"`))

		w.start()
		w.ask(euCluster, "build", v1alpha1.PhaseSuccess)
		w.synced(euCluster, "build", v1alpha1.PhaseSuccess)
		Expect(succeed("check", "prod")).To(ContainSubstring("takes the credential"))
		succeed("add", "prod", "--context", "eu", "--static-token")

		By("letting it go, not by way of another cluster")
		told, err = w.clusterCommand("remove", "prod", "--context", "us")
		Expect(err).To(HaveOccurred())
		Expect(told).To(ContainSubstring("the context's cluster is not prod"))
		succeed("check", "prod")
		succeed("remove", "prod", "--context", "eu")
		for c, object := range map[*clusters.Cluster]types.NamespacedName{hubCluster: {Namespace: w.namespace, Name: "prod"}, euCluster: key} {
			err := c.Client.Get(w.ctx, object, &corev1.Secret{})
			Expect(apierrors.IsNotFound(err)).To(BeTrue(), "%v: %v", object, err)
		}
		account := &corev1.ServiceAccount{ObjectMeta: objectMeta(w.namespace, "commit-status-hub")}
		Expect(client.IgnoreNotFound(euCluster.Client.Get(w.ctx, client.ObjectKeyFromObject(account), account))).To(Succeed())
		Expect(account.UID).To(BeEmpty())
	})
})
