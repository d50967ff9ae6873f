package monitoring

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/deploy/monitoring"
)

const (
	folder = "../../deploy/monitoring"
	docs   = "../../docs"
)

// read returns a file.
func read(g Gomega, name ...string) string {
	content, err := os.ReadFile(filepath.Join(name...))
	g.Expect(err).NotTo(HaveOccurred())
	return string(content)
}

// alerts are those that are shipped.
func alerts(g Gomega) []Alert {
	out, err := Alerts(monitoring.Rules)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out).NotTo(BeEmpty())
	return out
}

func TestThePrometheusRuleIsTheRulesFile(t *testing.T) {
	g := NewWithT(t)
	shipped := read(g, folder, "prometheusrule.yaml")
	g.Expect(shipped).To(Equal(monitoring.PrometheusRule()), "go run ./deploy/monitoring/cmd/prometheusrule >deploy/monitoring/prometheusrule.yaml")
	var file map[string]any
	g.Expect(yaml.Unmarshal([]byte(monitoring.Rules), &file)).To(Succeed())
	var object struct {
		APIVersion, Kind string
		Spec             map[string]any
	}
	g.Expect(yaml.Unmarshal([]byte(shipped), &object)).To(Succeed())
	g.Expect(object.APIVersion + " " + object.Kind).To(Equal("monitoring.coreos.com/v1 PrometheusRule"))
	g.Expect(object.Spec).To(Equal(file))
}

func TestAlertsSayHowBadItIsAndWhatToDo(t *testing.T) {
	g := NewWithT(t)
	page := read(g, docs, "monitoring.md")
	for _, a := range alerts(g) {
		severity := a.Labels["severity"]
		g.Expect(severity).To(BeElementOf("critical", "warning", "info"), a.Alert)
		g.Expect(a.Annotations).To(And(HaveKey("summary"), HaveKey("description")), a.Alert)
		g.Expect(page).To(ContainSubstring("\n| `"+a.Alert+"` | "+severity+" |"), "docs/monitoring.md")

		where, ok := strings.CutPrefix(a.Annotations["runbook_url"], "https://github.com/argoproj-labs/commit-status-hub/blob/main/docs/")
		g.Expect(ok).To(BeTrue(), a.Alert)
		file, anchor, _ := strings.Cut(where, "#")
		g.Expect(anchors(read(g, docs, file))).To(ContainElement(anchor), a.Alert)
	}
}

var (
	heading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	dropped = regexp.MustCompile("[^a-z0-9 -]")
)

// anchors are what GitHub makes of a page's headings.
func anchors(page string) (out []string) {
	for _, found := range heading.FindAllStringSubmatch(page, -1) {
		plain := dropped.ReplaceAllString(strings.ToLower(found[1]), "")
		out = append(out, strings.ReplaceAll(plain, " ", "-"))
	}
	return out
}

// promtool runs what stands in these files: see 'make verify-alerts'.
func TestEachAlertIsTestedBothWays(t *testing.T) {
	g := NewWithT(t)
	files, err := filepath.Glob(filepath.Join(folder, "*_test.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	fires, stays := map[string]bool{}, map[string]bool{}
	for _, name := range files {
		var file struct {
			Tests []struct {
				AlertRuleTest []struct {
					Alertname string
					ExpAlerts []any `json:"exp_alerts"`
				} `json:"alert_rule_test"`
			}
		}
		g.Expect(yaml.Unmarshal([]byte(read(g, name)), &file)).To(Succeed())
		for _, test := range file.Tests {
			quiet := map[string]bool{}
			for _, c := range test.AlertRuleTest {
				before, seen := quiet[c.Alertname]
				quiet[c.Alertname] = len(c.ExpAlerts) == 0 && (before || !seen)
			}
			for alert, q := range quiet {
				fires[alert] = fires[alert] || !q
				stays[alert] = stays[alert] || q
			}
		}
	}
	var names []string
	for _, a := range alerts(g) {
		names = append(names, a.Alert)
		g.Expect(fires[a.Alert]).To(BeTrue(), "a test in which %s fires", a.Alert)
		g.Expect(stays[a.Alert]).To(BeTrue(), "a test in which %s does not fire", a.Alert)
	}
	g.Expect(slices.Collect(maps.Keys(fires))).To(ConsistOf(names), "no test is of an alert that there is not")
}

func TestThePageTellsOfEachMetric(t *testing.T) {
	g := NewWithT(t)
	page := read(g, docs, "monitoring.md")
	asked, err := AskedByAll()
	g.Expect(err).NotTo(HaveOccurred())
	for metric := range asked {
		family := regexp.MustCompile(`_(bucket|sum|count)$`).ReplaceAllString(metric, "")
		if own, ok := strings.CutPrefix(family, "commit_status_hub_"); ok {
			g.Expect(page).To(MatchRegexp("(?m)^\\| `%s`", own), metric)
		}
	}
}
