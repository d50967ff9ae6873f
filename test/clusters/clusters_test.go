package clusters

import (
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestAControlPlaneServesOurKindsToWhomItShould(t *testing.T) {
	g := NewWithT(t)
	cluster, err := Start(t.Context())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })

	as := func(kubeconfig []byte) client.Client {
		config, err := clientcmd.RESTConfigFromKubeConfig(kubeconfig)
		g.Expect(err).NotTo(HaveOccurred())
		c, err := client.New(config, client.Options{Scheme: Scheme()})
		g.Expect(err).NotTo(HaveOccurred())
		return c
	}

	g.Expect(as(cluster.Kubeconfig()).List(t.Context(), &v1alpha1.CommitStatusList{})).To(Succeed())
	g.Expect(as(cluster.Kubeconfig()).List(t.Context(), &v1alpha1.GitRepoList{})).To(Succeed())

	nobody, err := cluster.AddUser("nobody")
	g.Expect(err).NotTo(HaveOccurred())
	err = as(cluster.KubeconfigFor(nobody)).List(t.Context(), &corev1.SecretList{})
	g.Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%v", err)

	token, err := cluster.TokenKubeconfig(t.Context(), "team-a", "robot")
	g.Expect(err).NotTo(HaveOccurred())
	err = as(token).Get(t.Context(), client.ObjectKey{Namespace: "team-a", Name: "x"}, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{}})
	g.Expect(err).To(MatchError(ContainSubstring("system:serviceaccount:team-a:robot")))
}

func TestAssetsOfTheEnvironmentAreUsedWhereSet(t *testing.T) {
	g := NewWithT(t)
	t.Setenv("KUBEBUILDER_ASSETS", "/somewhere")
	g.Expect(Assets(t.Context(), t.Output())).To(Equal("/somewhere"))
}

func TestTheVersionIsStampedFromTheModule(t *testing.T) {
	g := NewWithT(t)
	g.Expect(linkerFlags("v1.36.3")).To(Equal("-s -w -X k8s.io/component-base/version.gitVersion=v1.36.3" +
		" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"))
}

func TestTheSameModuleAndToolchainShareOneBuild(t *testing.T) {
	g := NewWithT(t)
	module, err := modulePath("test", "controlplane")
	g.Expect(err).NotTo(HaveOccurred())
	dir, err := controlPlane.dir(t.Context(), module)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(controlPlane.dir(t.Context(), module)).To(Equal(dir))
	g.Expect(controllers.dir(t.Context(), module)).NotTo(Equal(dir))
	g.Expect(filepath.Base(filepath.Dir(dir))).To(Equal("controlplane"))
}
