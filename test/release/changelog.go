package main

import (
	"errors"
	"os"
	"strings"
)

// rehearsedChangelog copies a changelog and does in the copy what a maintainer does before a
// release: what is unreleased gets the version, and a date.
func rehearsedChangelog(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	const heading = "## [Unreleased]\n"
	before, after, found := strings.Cut(string(text), heading)
	if !found {
		return errors.New("the changelog has no section of what is unreleased")
	}
	released := heading + "\n## [" + strings.TrimPrefix(version, "v") + "] - 2026-01-01\n"
	if strings.HasPrefix(strings.TrimSpace(after), "## ") { // nothing has changed since the last release
		released += "\n### Added\n\n- Nothing: this is a rehearsal.\n"
	}
	return os.WriteFile(to, []byte(before+released+after), 0o600)
}
