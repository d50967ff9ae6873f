package monitoring

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/deploy/monitoring"
)

// dashboard is the one that is shipped.
func dashboard(g Gomega) Dashboard {
	out, err := ReadDashboard()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(out.Panels).NotTo(BeEmpty())
	return out
}

// What only a Grafana could check is left to it: this is what makes an import fail, links
// break, or a panel hide another.
func TestTheDashboardFitsAnyGrafana(t *testing.T) {
	g := NewWithT(t)
	d := dashboard(g)
	g.Expect(d.UID).To(Equal("commit-status-hub"), "links lead to it")
	ids, titles := map[int]bool{}, map[string]bool{}
	taken := map[[2]int]string{}
	for _, p := range d.Panels {
		g.Expect(p.ID).To(BeNumerically(">", 0), p.Title)
		g.Expect(ids).NotTo(HaveKey(p.ID), p.Title)
		g.Expect(titles).NotTo(HaveKey(p.Title))
		ids[p.ID], titles[p.Title] = true, true
		g.Expect(p.GridPos.X+p.GridPos.W).To(BeNumerically("<=", 24), p.Title)
		for x := range p.GridPos.W {
			for y := range p.GridPos.H {
				at := [2]int{p.GridPos.X + x, p.GridPos.Y + y}
				g.Expect(taken[at]).To(BeEmpty(), "%s is in the same place", p.Title)
				taken[at] = p.Title
			}
		}
		if p.Type == "row" {
			continue
		}
		g.Expect(p.Type).To(BeElementOf("timeseries", "stat"), p.Title)
		g.Expect(p.Datasource).To(HaveValue(Equal(Datasource{Type: "prometheus", UID: "${datasource}"})), p.Title)
		g.Expect(p.Targets).NotTo(BeEmpty(), p.Title)
		refs := map[string]bool{}
		for _, target := range p.Targets {
			g.Expect(refs).NotTo(HaveKey(target.RefID), p.Title)
			refs[target.RefID] = true
		}
	}
}

func TestTheDashboardNamesNoDatasourceOfItsOwn(t *testing.T) {
	g := NewWithT(t)
	var whole any
	g.Expect(json.Unmarshal(monitoring.Dashboard, &whole)).To(Succeed())
	var look func(any)
	look = func(at any) {
		switch at := at.(type) {
		case []any:
			for _, v := range at {
				look(v)
			}
		case map[string]any:
			if source, ok := at["datasource"]; ok {
				g.Expect(source).To(HaveKeyWithValue("uid", "${datasource}"))
			}
			for _, v := range at {
				look(v)
			}
		}
	}
	look(whole)
}

var variable = regexp.MustCompile(`\$\{?(\w+)`)

func TestTheDashboardIsByDatasourceJobClusterAndInstallation(t *testing.T) {
	g := NewWithT(t)
	d := dashboard(g)
	defined := map[string]string{"__rate_interval": "", "__range": ""}
	for _, v := range d.Templating.List {
		defined[v.Name] = v.Type
	}
	g.Expect(defined).To(Equal(map[string]string{
		"__rate_interval": "", "__range": "", "datasource": "datasource", "job": "query", "cluster": "query", "installation": "query",
	}))
	expressions, err := d.Expressions()
	g.Expect(err).NotTo(HaveOccurred())
	for where, expression := range expressions {
		for _, found := range variable.FindAllStringSubmatch(expression, -1) {
			g.Expect(defined).To(HaveKey(found[1]), where)
		}
		// What has a cluster or an installation can be chosen by it.
		asked, err := Asked(expression)
		g.Expect(err).NotTo(HaveOccurred())
		for metric, labels := range asked {
			if where == "variable job" {
				continue
			}
			g.Expect(labels).To(HaveKey("job"), "%s: %s", where, metric)
			if labels["cluster"] && where != "variable cluster" {
				g.Expect(expression).To(ContainSubstring(`cluster=~"$cluster"`), where)
			}
			if labels["installation"] && where != "variable installation" {
				g.Expect(expression).To(ContainSubstring(`installation=~"$installation"`), where)
			}
		}
	}
}

// 'make verify-alerts' says where promtool is.
func TestPromtoolTakesWhatTheDashboardAsks(t *testing.T) {
	promtool := os.Getenv("PROMTOOL")
	if promtool == "" {
		t.Skip("PROMTOOL does not say where it is: use 'make verify-alerts'")
	}
	g := NewWithT(t)
	expressions, err := dashboard(g).Expressions()
	g.Expect(err).NotTo(HaveOccurred())
	type rule struct {
		Record string            `json:"record"`
		Expr   string            `json:"expr"`
		Labels map[string]string `json:"labels"`
	}
	var rules []rule
	for _, where := range slices.Sorted(maps.Keys(expressions)) {
		expr := regexp.MustCompile(`\[\$__\w+\]`).ReplaceAllString(expressions[where], "[5m]")
		rules = append(rules, rule{"dashboard", expr, map[string]string{"at": where}})
	}
	// JSON is YAML.
	content, err := json.Marshal(map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	g.Expect(err).NotTo(HaveOccurred())
	file := filepath.Join(t.TempDir(), "rules.yaml")
	g.Expect(os.WriteFile(file, content, 0o600)).To(Succeed())
	output, err := exec.Command(promtool, "check", "rules", file).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(output))
}
