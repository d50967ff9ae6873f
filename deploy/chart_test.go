package deploy_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// All that the chart can make beside its default.
var withMonitoring = []string{"--set", "serviceMonitor.enabled=true,prometheusRule.enabled=true,dashboards.enabled=true"}

func TestChartMakesWhatKustomizeMakes(t *testing.T) {
	for name, c := range map[string]struct {
		folder string
		args   []string
	}{
		"default":              {folder: "hub"},
		"with all of it":       {folder: overlay(t, "../components/servicemonitor", "../monitoring"), args: withMonitoring},
		"a ServiceMonitor too": {folder: overlay(t, "../components/servicemonitor"), args: []string{"--set", "serviceMonitor.enabled=true"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			wanted := byName(append(kustomize(t, "crds"), kustomize(t, c.folder)...))
			// A chart does not make the namespace of its release.
			g.Expect(wanted).To(HaveKey("Namespace/commit-status-system"))
			delete(wanted, "Namespace/commit-status-system")
			made := byName(withoutHelm(helm(t, "commit-status-hub", shipped.namespace, c.args...)))
			for key, object := range wanted {
				g.Expect(made).To(HaveKeyWithValue(key, Equal(object)))
			}
			g.Expect(made).To(HaveLen(len(wanted)))
		})
	}
}

func TestChartRefusesUnknownAndUnfitValues(t *testing.T) {
	for _, set := range []string{
		"replica=3", "hub.worker=3", "image.digests=x", "serviceMonitor.enable=true", "podDisruptionBudget.minAvailable=1",
		"hub.workers=0", "hub.workers=many", "hub.unheardGrace=15", "hub.zapEncoder=xml", "hub.localCluster=maybe",
		"image.digest=sha256:12", "image.pullPolicy=Sometimes", "networkPolicy.enabled=1", "replicas=-1",
		"web.bindAddress=8082", "web.bindAddress=everywhere", "web.address=:8082",
	} {
		_, err := render(t, "hub", "hubs", "--set", set)
		NewWithT(t).Expect(err).To(MatchError(ContainSubstring("values don't meet the specifications")), set)
	}
}

func TestChartLeavesCRDsWhenItIsUninstalled(t *testing.T) {
	g := NewWithT(t)
	crds := 0
	for _, object := range helm(t, "hub", "hubs") {
		if object.GetKind() == "CustomResourceDefinition" {
			crds++
			g.Expect(object.GetAnnotations()).To(HaveKeyWithValue("helm.sh/resource-policy", "keep"), object.GetName())
		}
	}
	g.Expect(crds).To(Equal(3))
}

// overlay makes a folder with what a user would write to have more than deploy/hub: a
// path with components in it is one, others are bases.
func overlay(t *testing.T, more ...string) string {
	t.Helper()
	g := NewWithT(t)
	resources, components := []string{"../hub"}, []string{}
	for _, path := range more {
		if strings.Contains(path, "/components/") {
			components = append(components, path)
		} else {
			resources = append(resources, path)
		}
	}
	here, err := os.Getwd()
	g.Expect(err).NotTo(HaveOccurred())
	// Kustomize compares paths without symbolic links.
	folder, err := filepath.EvalSymlinks(t.TempDir())
	g.Expect(err).NotTo(HaveOccurred())
	back, err := filepath.Rel(folder, filepath.Join(here, "hub"))
	g.Expect(err).NotTo(HaveOccurred())
	lines := []string{"apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"}
	for key, paths := range map[string][]string{"resources": resources, "components": components} {
		lines = append(lines, key+":")
		for _, path := range paths {
			lines = append(lines, "- "+filepath.Join(back, path))
		}
	}
	g.Expect(os.WriteFile(filepath.Join(folder, "kustomization.yaml"), []byte(strings.Join(lines, "\n")), 0o600)).To(Succeed())
	return folder
}

// byName returns objects by kind and name.
func byName(objects []*unstructured.Unstructured) map[string]map[string]any {
	named := map[string]map[string]any{}
	for _, object := range objects {
		named[strings.TrimPrefix(object.GetNamespace()+"/"+object.GetKind()+"/"+object.GetName(), "/")] = object.Object
	}
	return named
}

// withoutHelm takes out what is Helm's alone.
func withoutHelm(objects []*unstructured.Unstructured) []*unstructured.Unstructured {
	for _, object := range objects {
		labels, annotations := object.GetLabels(), object.GetAnnotations()
		delete(labels, "helm.sh/chart")
		delete(labels, "app.kubernetes.io/managed-by")
		delete(annotations, "helm.sh/resource-policy")
		object.SetLabels(labels)
		object.SetAnnotations(annotations)
	}
	return objects
}
