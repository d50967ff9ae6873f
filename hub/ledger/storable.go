package ledger

import (
	"strings"
	"unicode"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// storable returns what of a status that an SCM shows goes into a CommitStatus: as much as a
// spec could hold. Others may have written it, or the owner of the key in another cluster. A
// phase is one of ours, a URL leads to a web page, and a description prints. What is as the
// CommitStatus itself asks for stays.
func storable(shown, asked providers.Status) providers.Status {
	if !shown.Phase.Canonical().Known() {
		shown.Phase = ""
	}
	if shown.Description != asked.Description {
		shown.Description = strings.Map(readable, strings.ToValidUTF8(shown.Description, "\uFFFD"))
	}
	if shown.URL != asked.URL && (!isWebURL(shown.URL) || strings.Map(readable, shown.URL) != shown.URL) {
		shown.URL = ""
	}
	return shown
}

// readable is a rune that prints or ends a line, or less than 0.
func readable(r rune) rune {
	if r == '\n' || r == '\t' || unicode.IsPrint(r) {
		return r
	}
	return -1
}
