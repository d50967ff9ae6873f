package gitlab

import (
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// maxField is the longest name, description, URL or ref in characters (GitLab's
	// model of a commit status).
	maxField = 255

	ellipsis = "…"
	// urlEllipsis is the same where only ASCII is safe.
	urlEllipsis = "%E2%80%A6"
)

// dialect is how GitLab shows a Status as a commit status.
type dialect struct{}

var _ providers.Dialect = dialect{}

// Render says what GitLab shows: all phases as they are, and a description and a URL
// of at most 255 characters, which are cut off visibly. White space around a
// description says nothing, and NUL cannot be stored; both are left out.
func (dialect) Render(want providers.Status) providers.Status {
	description := strings.ReplaceAll(strings.ToValidUTF8(want.Description, "\uFFFD"), "\x00", "")
	return providers.Status{
		Phase:       want.Phase.Canonical(),
		Description: truncate(strings.TrimSpace(description)),
		URL:         cutURL(want.URL),
	}
}

func truncate(text string) string {
	if utf8.RuneCountInString(text) <= maxField {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:maxField-1])) + ellipsis
}

// cutURL cuts no escaped character in two.
func cutURL(text string) string {
	if utf8.RuneCountInString(text) <= maxField {
		return text
	}
	start := string([]rune(text)[:maxField-len(urlEllipsis)])
	if at := strings.LastIndexByte(start, '%'); at >= 0 && at > len(start)-3 {
		start = start[:at]
	}
	return start + urlEllipsis
}
