// Command prometheusrule prints the alerts as a PrometheusRule.
package main

import (
	"fmt"

	"github.com/argoproj-labs/commit-status-hub/deploy/monitoring"
)

func main() { fmt.Print(monitoring.PrometheusRule()) }
