package github

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// maxSummary is the longest output.summary. GitHub's refusal speaks of
	// characters, its documentation of nothing: bytes are the safer reading.
	maxSummary = 65535
	// maxTitle is our own: GitHub documents no length of output.title.
	maxTitle = 255

	ellipsis = "…"
)

// dialect is how GitHub shows a Status as a check run.
type dialect struct{}

var _ providers.Dialect = dialect{}

// Render says what GitHub shows: all phases as they are, and a description of at
// most 65535 bytes, which is cut off visibly. White space around a description
// says nothing, and is left out.
func (dialect) Render(want providers.Status) providers.Status {
	return providers.Status{
		Phase:       want.Phase.Canonical(),
		Description: truncate(strings.TrimSpace(strings.ToValidUTF8(want.Description, "\uFFFD"))),
		URL:         want.URL,
	}
}

// Next says what leads from shown to want. It takes a new check run, apart from
// where there is none yet or somebody else made it, to get
//   - from a completed run to one that is not: a PATCH does not reopen it;
//   - from a commit status that a plain token has written;
//   - rid of a URL: GitHub refuses an empty details_url, and leaves the old one
//     where the field is missing;
//   - rid of a description: output needs a summary, whether GitHub takes an empty
//     one is not documented, and without output the old one stays.
//
// A run that has not ended is ended first: a check suite completes only when all of its
// runs have.
func (d dialect) Next(shown *providers.Shown, want providers.Status) providers.Step {
	want = d.Render(want)
	if !want.Phase.Known() {
		return providers.StepUnsupported
	}
	if shown == nil {
		return providers.StepCreate
	}
	now := d.Render(shown.Status)
	switch {
	case now == want && !isStatus(*shown):
		return providers.StepNone
	case runID(*shown) == 0, shown.Foreign, now.Over() && !want.Over():
		return providers.StepCreate
	case !empties(now, want):
		return providers.StepUpdate
	case now.Over():
		return providers.StepCreate
	}
	return providers.StepReplace
}

// empties reports whether a text is to go that is shown.
func empties(now, want providers.Status) bool {
	return now.URL != "" && want.URL == "" || now.Description != "" && want.Description == ""
}

// Obstacle is that the phase is none: GitHub can show every other change.
func (dialect) Obstacle(_ *providers.Shown, want providers.Status) string {
	return fmt.Sprintf("knows no phase %q", want.Phase)
}

// title is the headline of a rendered Status: the first line of its description.
func title(s providers.Status) string {
	line, _, _ := strings.Cut(s.Description, "\n")
	line = strings.TrimSpace(line)
	if line == "" {
		return string(s.Phase)
	}
	if utf8.RuneCountInString(line) <= maxTitle {
		return line
	}
	return string([]rune(line)[:maxTitle-1]) + ellipsis
}

func truncate(description string) string {
	if len(description) <= maxSummary {
		return description
	}
	end := maxSummary - len(ellipsis)
	for !utf8.RuneStart(description[end]) {
		end--
	}
	return strings.TrimSpace(description[:end]) + ellipsis
}

func isStatus(shown providers.Shown) bool {
	return shown.Handle.GitHub != nil && shown.Handle.GitHub.StatusID != 0
}

func runID(shown providers.Shown) int64 {
	if shown.Handle.GitHub == nil {
		return 0
	}
	return shown.Handle.GitHub.CheckRunID
}
