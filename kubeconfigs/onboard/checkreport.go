package onboard

import (
	"fmt"
	"io"
	"strings"
)

// CheckReport is what Check found, for people and machines.
type CheckReport struct {
	Cluster string `json:"cluster"`
	// OK reports whether nothing needs a repair, and all could be checked.
	OK       bool      `json:"ok"`
	Findings []Finding `json:"findings"`
	// Error is why Check did not get to its end.
	Error string `json:"error,omitempty"`
}

// NewCheckReport makes a report of what Check returned for a member.
func NewCheckReport(cluster string, findings []Finding, err error) CheckReport {
	r := CheckReport{Cluster: cluster, Findings: findings}
	if findings == nil {
		r.Findings = []Finding{} // a list for machines, too
	}
	if err != nil {
		r.Error = err.Error()
	}
	r.OK = err == nil && r.Bad() == 0
	return r
}

// Bad returns how many findings need a repair.
func (r CheckReport) Bad() (bad int) {
	for _, finding := range r.Findings {
		if finding.Bad() {
			bad++
		}
	}
	return bad
}

// Print writes the report as Text, JSON or YAML.
func (r CheckReport) Print(out io.Writer, format string) error {
	if format != Text {
		return encode(out, format, r)
	}
	var text strings.Builder
	for _, finding := range r.Findings {
		fmt.Fprintf(&text, "%-8s  %s\n", finding.Outcome, finding.What)
	}
	for _, group := range r.remedies() {
		fmt.Fprintf(&text, "\nTo repair %s:\n  %s\n", group.of(r.Bad()), group.remedy)
	}
	_, err := io.WriteString(out, text.String())
	return err
}

// group is the findings that one command repairs.
type group struct {
	remedy string
	whats  []string
}

// remedies returns each command once, in the order of the findings.
func (r CheckReport) remedies() []group {
	var groups []group
	at := map[string]int{}
	for _, finding := range r.Findings {
		if !finding.Bad() {
			continue
		}
		i, known := at[finding.Remedy]
		if !known {
			i = len(groups)
			at[finding.Remedy] = i
			groups = append(groups, group{remedy: finding.Remedy})
		}
		groups[i].whats = append(groups[i].whats, finding.What)
	}
	return groups
}

// of names the findings of a group, of all that need a repair.
func (g group) of(all int) string {
	switch {
	case len(g.whats) == all && all == 1:
		return "this"
	case len(g.whats) == all:
		return fmt.Sprintf("all %d", all)
	}
	return strings.Join(g.whats, "; ")
}
