// Package monitoring holds the alerts about a hub, and the dashboard of one.
package monitoring

import (
	_ "embed"
	"strings"
)

var (
	// Rules are the alerts, as a rules file of Prometheus.
	//go:embed rules.yaml
	Rules string
	// Dashboard is Grafana's JSON model of the dashboard.
	//go:embed dashboard.json
	Dashboard []byte
)

const ruleHead = `# Made from rules.yaml, see there.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: commit-status-hub
  labels:
    app.kubernetes.io/name: commit-status-hub
    app.kubernetes.io/part-of: commit-status-hub
spec:
`

// PrometheusRule returns Rules as an object of the Prometheus operator, with their
// comments.
func PrometheusRule() string {
	var out strings.Builder
	out.WriteString(ruleHead)
	_, groups, _ := strings.Cut(Rules, "\ngroups:")
	for line := range strings.Lines("groups:" + groups) {
		if strings.TrimSpace(line) != "" {
			line = "  " + line
		}
		out.WriteString(line)
	}
	return out.String()
}
