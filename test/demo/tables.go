package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

func title(number, of int, text string) {
	head := fmt.Sprintf("Step %d of %d: %s", number, of, text)
	fmt.Printf("\n\n%s\n%s\n\n", head, strings.Repeat("=", len(head)))
}

// typed shows what a user would type.
func typed(format string, args ...any) { fmt.Printf("$ "+format+"\n", args...) }

// typedForAll shows what a user would type to do the same in each cluster.
func typedForAll(command string) {
	typed("for c in prod-eu prod-us hub; do kubectl --context $c %s; done", command)
}

// indented shows a file, or an answer.
func indented(text string) {
	for line := range strings.Lines(strings.TrimSpace(text)) {
		fmt.Printf("    %s\n", strings.TrimRight(line, "\n"))
	}
	fmt.Println()
}

func note(format string, args ...any) { fmt.Printf("\n"+format+"\n\n", args...) }

func newTable() *tabwriter.Writer { return tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0) }

func row(out io.Writer, cells ...string) {
	fmt.Fprintln(out, strings.TrimRight("  "+strings.Join(cells, "\t"), "\t "))
}

// show prints a kind's objects as `kubectl get -o wide` does: the API server
// itself lays out the table.
func (m *member) show(ctx context.Context, namespace, resource string) error {
	typed("kubectl --context %s -n %s get %s -o wide", m.context, namespace, resource)
	set, err := kubernetes.NewForConfig(m.Config)
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	text, err := set.RESTClient().Get().
		AbsPath("/apis", v1alpha1.GroupVersion.Group, v1alpha1.GroupVersion.Version, "namespaces", namespace, resource).
		SetHeader("Accept", "application/json;as=Table;g=meta.k8s.io;v=v1").
		Do(ctx).Raw()
	if err != nil {
		return fmt.Errorf("getting the %s of %s: %w", resource, m.context, err)
	}
	var table metav1.Table
	if err := json.Unmarshal(text, &table); err != nil {
		return fmt.Errorf("reading a table: %w", err)
	}
	out := newTable()
	var head []string
	for _, column := range table.ColumnDefinitions {
		head = append(head, strings.ToUpper(column.Name))
	}
	row(out, head...)
	for _, r := range table.Rows {
		var cells []string
		for _, cell := range r.Cells {
			if cell == nil {
				cell = ""
			}
			cells = append(cells, fmt.Sprint(cell))
		}
		row(out, cells...)
	}
	return out.Flush()
}

// showAll prints the team's CommitStatuses in each cluster.
func (w *world) showAll(ctx context.Context) error {
	for _, m := range w.all() {
		if err := m.show(ctx, team, "commitstatuses"); err != nil {
			return err
		}
	}
	return nil
}

// showGitHub prints the check runs of some commits, and the calls since a mark.
func (w *world) showGitHub(since int, shas ...string) {
	fmt.Printf("\nGitHub shows in %s:\n", repository)
	out := newTable()
	row(out, "CHECK RUN", "COMMIT", "NAME", "STATUS", "CONCLUSION", "TITLE")
	for _, sha := range shas {
		for _, r := range w.github.CheckRuns(repository, sha) {
			row(out, fmt.Sprint(r.ID), sha[:7], r.Name, r.Status, cmp.Or(r.Conclusion, "-"), r.Title)
		}
	}
	_ = out.Flush()
	fmt.Printf("Calls that this took: %s\n", describe(w.github.Calls()[since:]))
}

// mark is where the ledger of calls ends now.
func (w *world) mark() int { return len(w.github.Calls()) }

// operations are named as a reader of GitHub's documentation knows them, those
// that write first.
var operations = []struct{ operation, words string }{
	{github.OpCreateCheckRun, "POST check-runs"},
	{github.OpUpdateCheckRun, "PATCH check-runs"},
	{github.OpListCheckRuns, "look-up or list of check runs"},
	{github.OpGetCheckRun, "read of a check run"},
	{github.OpFindInstallation, "search for the installation"},
	{github.OpCreateToken, "token"},
}

// describe counts calls by what they ask and how they were answered.
func describe(calls []github.Call) string {
	counts := map[string]int{}
	for _, c := range calls {
		counts[c.Operation+refusal(c)]++
	}
	var parts []string
	for _, o := range operations {
		for _, key := range slices.Sorted(maps.Keys(counts)) {
			if answer, ok := strings.CutPrefix(key, o.operation); ok {
				parts = append(parts, fmt.Sprintf("%d %s%s", counts[key], o.words, answer))
			}
		}
	}
	return cmp.Or(strings.Join(parts, ", "), "none")
}

// refusal says how a call was refused, nothing where it was not.
func refusal(c github.Call) string {
	switch {
	case c.Status < 300:
		return ""
	case c.Status == http.StatusNotModified:
		return " (unchanged: free)"
	}
	return fmt.Sprintf(" (refused: %d)", c.Status)
}
