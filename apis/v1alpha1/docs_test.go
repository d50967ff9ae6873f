package v1alpha1_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestEachFieldIsInThePageOfItsKind keeps the documents complete.
func TestEachFieldIsInThePageOfItsKind(t *testing.T) {
	for kind, page := range map[string]string{
		"commitstatuses": "commitstatus.md", "gitrepos": "gitrepo.md", "scmproviders": "scmprovider.md",
	} {
		t.Run(kind, func(t *testing.T) {
			g := NewWithT(t)
			text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
			g.Expect(err).NotTo(HaveOccurred())
			manifest, err := os.ReadFile(filepath.Join("..", "..", "deploy", "crds", "commit-status.argoproj.io_"+kind+".yaml"))
			g.Expect(err).NotTo(HaveOccurred())
			crd := &apiextensionsv1.CustomResourceDefinition{}
			g.Expect(yaml.Unmarshal(manifest, crd)).To(Succeed())
			schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
			for _, part := range []string{"spec", "status"} {
				for _, field := range fieldsOf("", schema.Properties[part]) {
					if strings.HasPrefix(field, "conditions.") || strings.HasPrefix(field, "installations.used.") {
						continue // a field of Kubernetes' own, and those of rateLimit
					}
					g.Expect(mentions(string(text), field)).To(BeTrue(), "%s has %s", page, field)
				}
			}
		})
	}
}

// TestTroubleshootingSaysOfEachReasonWhatTheHubDoes keeps the table complete.
func TestTroubleshootingSaysOfEachReasonWhatTheHubDoes(t *testing.T) {
	g := NewWithT(t)
	source, err := os.ReadFile("conditions.go")
	g.Expect(err).NotTo(HaveOccurred())
	_, ready, _ := strings.Cut(string(source), "// Reasons of a CommitStatus's Ready condition.")
	ready, _, _ = strings.Cut(ready, "\n)\n")
	var reasons []string
	for _, found := range regexp.MustCompile(`= "(\w+)"`).FindAllStringSubmatch(ready, -1) {
		reasons = append(reasons, found[1])
	}
	g.Expect(len(reasons)).To(BeNumerically(">", 15))

	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "troubleshooting.md"))
	g.Expect(err).NotTo(HaveOccurred())
	_, table, _ := strings.Cut(string(page), "| reason | the hub tries again |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	var told []string
	for line := range strings.Lines(table) {
		first, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
		for _, found := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(first, -1) {
			told = append(told, found[1])
		}
	}
	g.Expect(told).To(ConsistOf(reasons))
}

// mentions reports whether a page has a field: by its path, or by the end of that beneath
// what tells of the rest.
func mentions(page, field string) bool {
	for {
		if strings.Contains(page, "`"+field+"`") || strings.Contains(page, "`"+field+".") {
			return true
		}
		var ok bool
		if _, field, ok = strings.Cut(field, "."); !ok {
			return false
		}
	}
}

// fieldsOf returns the paths of all fields beneath a schema.
func fieldsOf(path string, schema apiextensionsv1.JSONSchemaProps) (out []string) {
	if schema.Items != nil && schema.Items.Schema != nil {
		return fieldsOf(path, *schema.Items.Schema)
	}
	for name, field := range schema.Properties {
		full := strings.TrimPrefix(path+"."+name, ".")
		out = append(out, full)
		out = append(out, fieldsOf(full, field)...)
	}
	return out
}
