package github

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// maxContext is in characters. GitHub documents no length of a context; 255 is what
// its database columns of that sort hold.
const maxContext = 255

// codePoint is how a context spells a character of four bytes.
var codePoint = regexp.MustCompile(`U\+[0-9A-F]{5,6}`)

// contextOf is the context of a status by its name. Descriptions take no character
// of four bytes, such as an emoji. Whether contexts do is not documented, so in them
// 🚀 is spelled U+1F680.
func contextOf(name string) (string, error) {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(name, "\uFFFD") {
		if r > lastOfThreeBytes {
			fmt.Fprintf(&b, "U+%X", r)
			continue
		}
		b.WriteRune(r)
	}
	if utf8.RuneCountInString(b.String()) > maxContext {
		return "", providers.Errorf(v1alpha1.ReasonInvalid,
			"the name is too long for a commit status of GitHub, in which each emoji takes 7 of %d characters", maxContext)
	}
	return b.String(), nil
}

// spellings are the names that a context may stand for.
func spellings(context string) []string {
	name := codePoint.ReplaceAllStringFunc(context, func(text string) string {
		r, err := strconv.ParseInt(strings.TrimPrefix(text, "U+"), 16, 32)
		if err != nil || r <= lastOfThreeBytes || !utf8.ValidRune(rune(r)) {
			return text
		}
		return string(rune(r))
	})
	if name == context {
		return []string{context}
	}
	return []string{context, name}
}

// fold maps the contexts that GitHub takes for the same one to one.
func fold(context string) string { return strings.ToLower(context) }
