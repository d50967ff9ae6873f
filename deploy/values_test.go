package deploy_test

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// property is what values.schema.json says of a value.
type property struct {
	Description          string
	Type                 any
	AdditionalProperties any
	Properties           map[string]property
	Examples             []any
}

func TestEachValueTakesEffect(t *testing.T) {
	// What is off by default is on here, so that values about it show.
	usual := map[string]any{"serviceMonitor.enabled": true, "prometheusRule.enabled": true, "dashboards.enabled": true}
	before := renderWith(t, usual)
	for path, value := range leaves(values(t)) {
		other := maps.Clone(usual)
		other[path] = another(t, path, value)
		if on, is := usual[path].(bool); is {
			other[path] = !on
		}
		NewWithT(t).Expect(renderWith(t, other) != before).To(BeTrue(), path)
	}
}

func TestEachValueIsDescribed(t *testing.T) {
	g := NewWithT(t)
	content, err := os.ReadFile("chart/values.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	previous := ""
	for line := range strings.Lines(string(content)) {
		if regexp.MustCompile(`^ *[a-zA-Z_]+:`).MatchString(line) {
			g.Expect(strings.TrimSpace(previous)).To(HavePrefix("# "), "what is above %q", line)
		}
		previous = line
	}
	described := map[string]property{}
	describe(described, "", schema(t))
	for path, p := range described {
		g.Expect(p.Description).NotTo(BeEmpty(), path)
		g.Expect(p.Type).NotTo(BeNil(), path)
		if p.Type == "object" && p.Properties != nil {
			g.Expect(p.AdditionalProperties).NotTo(Or(BeNil(), Equal(true)), path)
		}
	}
	for path := range leaves(values(t)) {
		g.Expect(described).To(HaveKey(path))
	}
}

// Those that the chart sets up itself are what it opens ports for, or what replicas need.
func TestChartHasEachFlagOfRun(t *testing.T) {
	g := NewWithT(t)
	help, err := output(exec.CommandContext(t.Context(), "go", "run", "../cmd/commit-status-hub", "run", "--help"))
	g.Expect(err).NotTo(HaveOccurred())
	flags := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^ .* --([a-z-]+)`).FindAllStringSubmatch(help, -1) {
		flags[found[1]] = true
	}
	for _, own := range []string{"help", "kubeconfig", "namespace", "leader-elect", "metrics-bind-address", "metrics-secure", "health-probe-bind-address", "web-bind-address"} {
		g.Expect(flags).To(HaveKey(own))
		delete(flags, own)
	}
	var known []string
	for name := range schema(t).Properties["hub"].Properties {
		known = append(known, strings.ToLower(regexp.MustCompile(`[A-Z]`).ReplaceAllString(name, "-$0")))
	}
	g.Expect(known).To(ConsistOf(slices.Collect(maps.Keys(flags))))
}

func TestLargeNumbersReachTheHubAsTheyAre(t *testing.T) {
	NewWithT(t).Expect(renderWith(t, map[string]any{"hub.memberObjectLimit": 2000000, "hub.localCluster": false})).To(And(
		ContainSubstring(`"--member-object-limit=2000000"`), ContainSubstring(`"--local-cluster=false"`)))
}

// another returns a value that is not the default: the first of its examples, or the
// opposite.
func another(t *testing.T, path string, value any) any {
	t.Helper()
	if flag, is := value.(bool); is {
		return !flag
	}
	described := map[string]property{}
	describe(described, "", schema(t))
	NewWithT(t).Expect(described[path].Examples).NotTo(BeEmpty(), path)
	return described[path].Examples[0]
}

// renderWith renders the chart with values by their path.
func renderWith(t *testing.T, set map[string]any) string {
	t.Helper()
	g := NewWithT(t)
	manifests, err := render(t, "commit-status-hub", shipped.namespace, "--values", valuesFile(t, set))
	g.Expect(err).NotTo(HaveOccurred())
	return manifests
}

// valuesFile writes values that are named by their path.
func valuesFile(t *testing.T, set map[string]any) string {
	t.Helper()
	g := NewWithT(t)
	nested := map[string]any{}
	for path, value := range set {
		at, names := nested, strings.Split(path, ".")
		for _, name := range names[:len(names)-1] {
			if at[name] == nil {
				at[name] = map[string]any{}
			}
			at = at[name].(map[string]any)
		}
		at[names[len(names)-1]] = value
	}
	content, err := json.Marshal(nested)
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "values.yaml")
	g.Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
	return file
}

// leaves returns values by their path.
func leaves(in map[string]any) map[string]any {
	found := map[string]any{}
	for name, value := range in {
		if inner, is := value.(map[string]any); is && len(inner) > 0 {
			for path, leaf := range leaves(inner) {
				found[name+"."+path] = leaf
			}
			continue
		}
		found[name] = value
	}
	return found
}

// describe collects the properties below one by their path.
func describe(into map[string]property, path string, p property) {
	for name, inner := range p.Properties {
		into[path+name] = inner
		describe(into, path+name+".", inner)
	}
}

func values(t *testing.T) map[string]any {
	t.Helper()
	return read[map[string]any](t, "chart/values.yaml")
}

func schema(t *testing.T) property {
	t.Helper()
	return read[property](t, "chart/values.schema.json")
}

// read reads a file of YAML or JSON.
func read[T any](t *testing.T, file string) (content T) {
	t.Helper()
	g := NewWithT(t)
	text, err := os.ReadFile(file)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(yaml.Unmarshal(text, &content)).To(Succeed())
	return content
}
