package main

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"

	fleet "github.com/argoproj-labs/commit-status-hub/hub/web"
)

//go:embed checks.html
var checksTemplate string

// checksPage returns the address of a drawing of a commit's checks: what the SCM shows of each
// status, in nobody's design.
func checksPage(commit fleet.CommitPage) (string, error) {
	page, err := template.New("checks").Funcs(template.FuncMap{"mark": mark}).Parse(checksTemplate)
	if err != nil {
		return "", fmt.Errorf("reading the drawing of checks: %w", err)
	}
	var out bytes.Buffer
	if err := page.Execute(&out, commit); err != nil {
		return "", fmt.Errorf("drawing checks: %w", err)
	}
	return "data:text/html;charset=utf-8;base64," + base64.StdEncoding.EncodeToString(out.Bytes()), nil
}

// mark returns the sign of a phase.
func mark(phase string) string {
	if sign, ok := map[string]string{"success": "✓", "failure": "✗", "in_progress": "◐", "queued": "○", "canceled": "⊘"}[phase]; ok {
		return sign
	}
	return "–"
}
