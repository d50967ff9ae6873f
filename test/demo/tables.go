package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
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
