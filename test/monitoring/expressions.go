package monitoring

import (
	"encoding/json"
	"fmt"
	"regexp"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/deploy/monitoring"
)

// Alert is a rule that tells somebody.
type Alert struct {
	Alert, Expr         string
	Labels, Annotations map[string]string
}

// Alerts returns those of a rules file.
func Alerts(rules string) ([]Alert, error) {
	var file struct{ Groups []struct{ Rules []Alert } }
	if err := yaml.Unmarshal([]byte(rules), &file); err != nil {
		return nil, fmt.Errorf("reading the rules: %w", err)
	}
	var out []Alert
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out, nil
}

// Dashboard is what matters here of Grafana's JSON model.
type Dashboard struct {
	UID, Title string
	Panels     []Panel
	Templating struct{ List []Variable }
}

// Panel is a part of a dashboard, or the title above some.
type Panel struct {
	ID          int
	Type, Title string
	GridPos     struct{ X, Y, W, H int }
	Datasource  *Datasource
	Targets     []struct{ RefID, Expr string }
}

// Datasource says where a panel or a variable gets its figures from.
type Datasource struct{ Type, UID string }

// Variable is what a dashboard lets its reader choose.
type Variable struct {
	Name, Type string
	Datasource *Datasource
	Query      json.RawMessage
}

// ReadDashboard returns the one that is shipped.
func ReadDashboard() (Dashboard, error) {
	var out Dashboard
	if err := json.Unmarshal(monitoring.Dashboard, &out); err != nil {
		return out, fmt.Errorf("reading the dashboard: %w", err)
	}
	return out, nil
}

// values is how Grafana asks for all values of a label.
var values = regexp.MustCompile(`^label_values\((.+), *(\w+)\)$`)

// Expressions returns what a dashboard asks Prometheus, by where it does, in PromQL but
// for Grafana's variables.
func (d Dashboard) Expressions() (map[string]string, error) {
	out := map[string]string{}
	for _, p := range d.Panels {
		for _, t := range p.Targets {
			out[fmt.Sprintf("panel %s, %s", p.Title, t.RefID)] = t.Expr
		}
	}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		var query struct{ Query string }
		if err := json.Unmarshal(v.Query, &query); err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.Name, err)
		}
		found := values.FindStringSubmatch(query.Query)
		if found == nil {
			return nil, fmt.Errorf("variable %s: %s is not understood", v.Name, query.Query)
		}
		out["variable "+v.Name] = fmt.Sprintf("group by (%s) (%s)", found[2], found[1])
	}
	return out, nil
}

// AskedByAll returns what all alerts and the dashboard ask for.
func AskedByAll() (Labels, error) {
	dashboard, err := ReadDashboard()
	if err != nil {
		return nil, err
	}
	expressions, err := dashboard.Expressions()
	if err != nil {
		return nil, err
	}
	alerts, err := Alerts(monitoring.Rules)
	if err != nil {
		return nil, err
	}
	for _, a := range alerts {
		expressions["alert "+a.Alert] = a.Expr
	}
	out := Labels{}
	for where, expression := range expressions {
		asked, err := Asked(expression)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", where, err)
		}
		out.Join(asked)
	}
	return out, nil
}
