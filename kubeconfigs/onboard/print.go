package onboard

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	serializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apimachinery/pkg/util/duration"
)

// The formats of what is printed.
const (
	Table = "table"
	JSON  = "json"
	YAML  = "yaml"
)

// PrintMembers writes members in a format. Tables tell times as they are from now.
func PrintMembers(out io.Writer, format string, members []Member, now time.Time) error {
	switch format {
	case JSON:
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(map[string]any{"members": members})
	case YAML:
		return writeYAML(out, map[string]any{"members": members})
	case Table:
		return printTable(out, members, now)
	}
	return fmt.Errorf("there is no format %q: choose %s, %s or %s", format, Table, JSON, YAML)
}

func printTable(out io.Writer, members []Member, now time.Time) error {
	if len(members) == 0 {
		_, err := fmt.Fprintln(out, "No members: commit-status-hub cluster add makes one.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tSERVER\tSTATE\tSINCE\tCRDS\tPERMISSIONS\tCREDENTIAL-ENDS\tTWIN\tLAST-ERROR")
	for _, m := range members {
		since := "-"
		if !m.Since.IsZero() {
			since = duration.HumanDuration(now.Sub(m.Since))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			m.Name, orDash(m.Server), m.State, since, m.CRDs, m.Permissions, ends(m.CredentialExpiry, now), orDash(m.Duplicates), orDash(m.LastError))
	}
	return table.Flush()
}

// ends says when a credential ends.
func ends(expiry, now time.Time) string {
	switch {
	case expiry.IsZero():
		return "-"
	case expiry.After(now):
		return "in " + duration.HumanDuration(expiry.Sub(now))
	}
	return duration.HumanDuration(now.Sub(expiry)) + " ago"
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// writeYAML writes a value by its JSON fields.
func writeYAML(out io.Writer, value any) error {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(encoded, &object.Object); err != nil {
		return fmt.Errorf("encoding: %w", err)
	}
	var scheme *runtime.Scheme // none is needed to write
	return serializer.NewSerializerWithOptions(serializer.DefaultMetaFactory, scheme, scheme, serializer.SerializerOptions{Yaml: true}).
		Encode(object, out)
}

// PrintFindings writes a line for each finding, and returns how many need mending.
func PrintFindings(out io.Writer, findings []Finding) (bad int) {
	for _, finding := range findings {
		line := fmt.Sprintf("%-8s  %s", finding.Outcome, finding.What)
		if finding.Bad() {
			bad++
			line += "; to mend it: " + finding.Mend
		}
		fmt.Fprintln(out, line)
	}
	return bad
}
