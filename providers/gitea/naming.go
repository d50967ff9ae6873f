package gitea

import (
	"strconv"
	"strings"
)

// contextOf is the context that a name is shown under: the name, but in quotes
// where white space is around it, which Gitea would leave out. So that no two names
// have one context, what looks like such quotes is quoted as well.
func contextOf(name string) string {
	if !quotes(name) {
		return name
	}
	return strconv.Quote(name)
}

// nameOf is the name that has a context.
func nameOf(context string) string {
	if name, err := strconv.Unquote(context); err == nil && contextOf(name) == context {
		return name
	}
	return context
}

// quotes reports whether a name is shown in quotes.
func quotes(name string) bool {
	return strings.TrimSpace(name) != name || nameOf(name) != name
}
