package hub

import (
	"context"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/deploy"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

func TestRun_SaysThatTheCRDsAreMissing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	c, err := clusters.Start(context.Background(), clusters.WithoutCRDs())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(c.Stop()).To(Succeed()) })
	options := Options{
		Namespace: "default", LocalCluster: true, LeaseDuration: 7 * time.Second, RenewDeadline: 5 * time.Second, RetryPeriod: time.Second,
		MetricsBindAddress: "0", HealthProbeBindAddress: "0", PprofBindAddress: "0", Workers: 1, Embedded: true, Log: logr.Discard(),
	}
	missing := MatchError(And(
		HavePrefix("the CRDs are missing in the hub's cluster: "), ContainSubstring("kubectl apply -k deploy/crds "),
		ContainSubstring("deploy/install/crds.yaml"), ContainSubstring("ScmProvider")))
	g.Expect(Run(t.Context(), c.Config, options)).To(missing, "there are none")

	crd := &unstructured.Unstructured{}
	g.Expect(yaml.Unmarshal(deploy.CommitStatusCRD, &crd.Object)).To(Succeed())
	g.Expect(c.Client.Create(t.Context(), crd)).To(Succeed())
	g.Expect(Run(t.Context(), c.Config, options)).To(missing, "there are those of a member")
}
