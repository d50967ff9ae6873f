package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// Every set of manifests that a user may apply is tried on a real API server, which makes
// nothing of it, and by kubeconform with that server's own schemas.
func TestEveryManifestIsTakenAndValid(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane")
	}
	g := NewWithT(t)
	cluster, err := clusters.Start(t.Context(), clusters.WithoutCRDs())
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(cluster.Stop()).To(Succeed()) })
	_, err = envtest.InstallCRDs(cluster.Config, envtest.CRDInstallOptions{Paths: operatorCRDs(t)})
	g.Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shipped.namespace}}
	g.Expect(cluster.Client.Create(t.Context(), namespace)).To(Succeed())

	schemas := schemasOf(t, cluster, "ServiceMonitor", "PrometheusRule")
	expectStrict(t, schemas)
	api := client.WithFieldValidation(cluster.Client, metav1.FieldValidationStrict)
	for name, manifests := range sets(t) {
		_, err := conform(t, schemas, manifests)
		g.Expect(err).NotTo(HaveOccurred(), name)
		objects := parse(t, manifests)
		g.Expect(objects).NotTo(BeEmpty())
		for _, object := range objects {
			// The namespace is there already.
			err := client.IgnoreAlreadyExists(api.Create(t.Context(), object, client.DryRunAll))
			g.Expect(err).NotTo(HaveOccurred(), "%s: %s %s", name, object.GetKind(), object.GetName())
		}
	}
}

// sets returns the manifests of each way to install.
func sets(t *testing.T) map[string]string {
	t.Helper()
	g := NewWithT(t)
	found := map[string]string{}
	for name, folder := range map[string]string{
		"deploy/hub": "hub", "deploy/crds": "crds", "deploy/member": "member", "deploy/member-crds": "member-crds",
		"with monitoring": overlay(t, "../components/servicemonitor", "../monitoring"),
	} {
		manifests, err := output(exec.CommandContext(t.Context(), tool(t, "../test/tools", kustomizeTool), "build", folder))
		g.Expect(err).NotTo(HaveOccurred())
		found[name] = manifests
	}
	files, err := filepath.Glob("install/*.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(files).NotTo(BeEmpty())
	for _, file := range files {
		content, err := os.ReadFile(file)
		g.Expect(err).NotTo(HaveOccurred())
		found[file] = string(content)
	}
	found["chart"], err = render(t, "commit-status-hub", shipped.namespace)
	g.Expect(err).NotTo(HaveOccurred())
	// Each value is another than the default, but for what switches things on.
	other := map[string]any{"serviceMonitor.enabled": true, "prometheusRule.enabled": true, "dashboards.enabled": true}
	for path, value := range leaves(values(t)) {
		if _, is := value.(bool); !is {
			other[path] = another(t, path, value)
		}
	}
	found["chart with other values"], err = render(t, "other", shipped.namespace, "--values", valuesFile(t, other))
	g.Expect(err).NotTo(HaveOccurred())
	return found
}

// operatorCRDs are the Prometheus operator's, as files in its Go module.
func operatorCRDs(t *testing.T) []string {
	t.Helper()
	g := NewWithT(t)
	const module = "github.com/prometheus-operator/prometheus-operator"
	in := "../test/tools/prometheus-operator"
	_, err := output(exec.CommandContext(t.Context(), "go", "-C", in, "mod", "download", module))
	g.Expect(err).NotTo(HaveOccurred())
	folder, err := output(exec.CommandContext(t.Context(), "go", "-C", in, "list", "-m", "-f", "{{.Dir}}", module))
	g.Expect(err).NotTo(HaveOccurred())
	crds := filepath.Join(strings.TrimSpace(folder), "example", "prometheus-operator-crd", "monitoring.coreos.com_")
	return []string{crds + "servicemonitors.yaml", crds + "prometheusrules.yaml"}
}
