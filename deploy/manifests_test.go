package deploy_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
)

const (
	kustomizeTool = "sigs.k8s.io/kustomize/kustomize/v5"
	// kubeVersion is what the chart is rendered for: Helm as a Go tool does not know a default.
	kubeVersion = "1.36.0"
)

// kustomize returns what kustomize makes of a folder.
func kustomize(t *testing.T, folder string) []*unstructured.Unstructured {
	t.Helper()
	manifests, err := output(exec.CommandContext(t.Context(), tool(t, "../test/tools", kustomizeTool), "build", folder))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return parse(t, manifests)
}

// helm returns what Helm makes of the chart.
func helm(t *testing.T, release, namespace string, args ...string) []*unstructured.Unstructured {
	t.Helper()
	manifests, err := render(t, release, namespace, args...)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return parse(t, manifests)
}

// render is helm as text, with the error.
func render(t *testing.T, release, namespace string, args ...string) (string, error) {
	t.Helper()
	args = append([]string{"template", release, "chart", "--namespace", namespace, "--kube-version", kubeVersion}, args...)
	return output(exec.CommandContext(t.Context(), tool(t, "../test/tools/helm", "helm"), args...))
}

// tools are those that were asked for already: it takes a while.
var tools sync.Map

// tool returns where a tool that a module pins is.
func tool(t *testing.T, module, name string) string {
	t.Helper()
	if known, is := tools.Load(name); is {
		return known.(string)
	}
	path, err := output(exec.CommandContext(t.Context(), "go", "-C", module, "tool", "-n", name))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	tools.Store(name, strings.TrimSpace(path))
	return strings.TrimSpace(path)
}

// parse reads manifests. Numbers are as an API server reads them, so 1e+06 is no integer.
func parse(t *testing.T, manifests string) []*unstructured.Unstructured {
	t.Helper()
	g := NewWithT(t)
	var objects []*unstructured.Unstructured
	for documents := yaml.NewYAMLReader(bufio.NewReader(strings.NewReader(manifests))); ; {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects
		}
		g.Expect(err).NotTo(HaveOccurred())
		content, err := yaml.ToJSON(document)
		g.Expect(err).NotTo(HaveOccurred())
		if string(content) == "null" {
			continue
		}
		object := &unstructured.Unstructured{}
		g.Expect(object.UnmarshalJSON(content)).To(Succeed())
		objects = append(objects, object)
	}
}

// output runs a command; what it says on stderr is the error's text.
func output(command *exec.Cmd) (string, error) {
	stderr := &bytes.Buffer{}
	command.Stderr = stderr
	out, err := command.Output()
	if err != nil {
		return "", errors.Join(err, errors.New(stderr.String()))
	}
	return string(out), nil
}
