package onboard

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
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
	Text  = "text"
	JSON  = "json"
	YAML  = "yaml"
)

// ValidateFormat returns an error if format is none of formats.
func ValidateFormat(format string, formats ...string) error {
	if slices.Contains(formats, format) {
		return nil
	}
	return fmt.Errorf("there is no format %q: choose %s", format, strings.Join(formats, " or "))
}

// PrintMembers writes members in a format. Tables tell times as they are from now.
func PrintMembers(out io.Writer, format string, members []Member, now time.Time) error {
	if format == Table {
		return printTable(out, members, now)
	}
	return encode(out, format, map[string]any{"members": members})
}

func printTable(out io.Writer, members []Member, now time.Time) error {
	if len(members) == 0 {
		_, err := fmt.Fprintln(out, "No members: commit-status-hub cluster add makes one.")
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "NAME\tSERVER\tNAMESPACES\tSTATE\tSINCE\tCRDS\tPERMISSIONS\tCREDENTIAL-ENDS\tTWIN\tLAST-ERROR")
	for _, m := range members {
		since := "-"
		if !m.Since.IsZero() {
			since = duration.HumanDuration(now.Sub(m.Since))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n",
			m.Name, orDash(m.Server), listed(m.Namespaces), m.State, since, m.CRDs, m.Permissions, ends(m.CredentialExpiry, now), orDash(m.Duplicates), orDash(m.LastError))
	}
	return table.Flush()
}

// namesListed is how many of a member's namespaces a table has room for.
const namesListed = 3

// listed names the namespaces that a member is limited to.
func listed(namespaces []string) string {
	switch more := len(namespaces) - namesListed; {
	case len(namespaces) == 0:
		return "all"
	case more > 0:
		return fmt.Sprintf("%s,+%d", strings.Join(namespaces[:namesListed], ","), more)
	}
	return strings.Join(namespaces, ",")
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

// encode writes a value in a format for machines.
func encode(out io.Writer, format string, value any) error {
	switch format {
	case JSON:
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	case YAML:
		return writeYAML(out, value)
	}
	return ValidateFormat(format, JSON, YAML)
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
