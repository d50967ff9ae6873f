package deploy_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	"k8s.io/client-go/discovery"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

const toDefinitions = "#/definitions/"

// schemasOf writes the schema of each kind that an API server has into a folder, as soon
// as it has some kinds. Fields that it does not know are refused.
func schemasOf(t *testing.T, cluster *clusters.Cluster, kinds ...string) string {
	t.Helper()
	g := NewWithT(t)
	asked, err := discovery.NewDiscoveryClientForConfig(cluster.Config)
	g.Expect(err).NotTo(HaveOccurred())
	var containing []types.GomegaMatcher
	for _, kind := range kinds {
		containing = append(containing, ContainSubstring(`"kind":"`+kind+`"`))
	}
	var openAPI []byte
	g.Eventually(func() (_ string, err error) {
		openAPI, err = asked.RESTClient().Get().AbsPath("/openapi/v2").SetHeader("Accept", "application/json").Do(t.Context()).Raw()
		return string(openAPI), err
	}, "1m").Should(And(containing...))
	var document struct{ Definitions map[string]map[string]any }
	g.Expect(json.Unmarshal(openAPI, &document)).To(Succeed())
	for name, definition := range document.Definitions {
		tighten(definition)
		if strings.HasSuffix(name, ".resource.Quantity") {
			definition["type"] = []string{"string", "number"}
		}
	}
	folder := t.TempDir()
	for name, definition := range document.Definitions {
		served, _ := definition["x-kubernetes-group-version-kind"].([]any)
		for _, s := range served {
			gvk := s.(map[string]any)
			// kubeconform takes the version for the group where there is none.
			group, version := gvk["group"].(string), gvk["version"].(string)
			if group == "" {
				group = version
			}
			closed := map[string]any{}
			closure(document.Definitions, toDefinitions+name, closed)
			content, err := json.Marshal(map[string]any{"allOf": []any{map[string]any{"$ref": toDefinitions + name}}, "definitions": closed})
			g.Expect(err).NotTo(HaveOccurred())
			file := filepath.Join(folder, group, version, strings.ToLower(gvk["kind"].(string))+".json")
			g.Expect(os.MkdirAll(filepath.Dir(file), 0o700)).To(Succeed())
			g.Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
		}
	}
	return folder
}

// tighten makes a schema refuse fields that it does not name, and take numbers where
// Kubernetes does.
func tighten(schema any) {
	switch s := schema.(type) {
	case []any:
		for _, inner := range s {
			tighten(inner)
		}
	case map[string]any:
		for _, inner := range s {
			tighten(inner)
		}
		_, named := s["properties"].(map[string]any)
		if _, open := s["additionalProperties"]; named && !open && s["x-kubernetes-preserve-unknown-fields"] != true {
			s["additionalProperties"] = false
		}
		if s["format"] == "int-or-string" {
			s["type"] = []string{"integer", "string"}
		}
	}
}

// closure collects the definitions that a schema refers to.
func closure(definitions map[string]map[string]any, schema any, into map[string]any) {
	switch s := schema.(type) {
	case string:
		name, is := strings.CutPrefix(s, toDefinitions)
		if _, known := into[name]; is && !known {
			into[name] = definitions[name]
			closure(definitions, any(definitions[name]), into)
		}
	case []any:
		for _, inner := range s {
			closure(definitions, inner, into)
		}
	case map[string]any:
		for _, inner := range s {
			closure(definitions, inner, into)
		}
	}
}

// conform has kubeconform look at manifests.
func conform(t *testing.T, schemas, manifests string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), tool(t, "../test/tools", "kubeconform"), "-strict", "-schema-location",
		filepath.Join(schemas, "{{.Group}}", "{{.ResourceAPIVersion}}", "{{.ResourceKind}}.json"))
	command.Stdin = strings.NewReader(manifests)
	said, err := command.CombinedOutput()
	if err != nil {
		t.Log(string(said))
	}
	return string(said), err
}

// expectStrict sees the schemas refuse what they should, and nothing else.
func expectStrict(t *testing.T, schemas string) {
	t.Helper()
	g := NewWithT(t)
	const budget = "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: hub}\n"
	_, err := conform(t, schemas, budget+"spec: {maxUnavailable: 50%}")
	g.Expect(err).NotTo(HaveOccurred())
	for _, spec := range []string{
		"spec: {maxUnavailable: true}", "spec: {maxAvailable: 1}", "spec: {maxUnavailable: 1, maxUnavailable: 2}", "spec: {selector: {matchLabel: {}}}",
	} {
		said, err := conform(t, schemas, budget+spec)
		g.Expect(err).To(HaveOccurred(), spec)
		g.Expect(said).To(ContainSubstring("hub"), spec)
	}
}
