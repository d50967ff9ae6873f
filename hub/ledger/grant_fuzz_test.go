package ledger

import (
	"strings"
	"testing"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// globbed is what a glob means, in the plainest way to say it: * is any text without
// "/", ** any text at all.
func globbed(glob, text string) bool {
	switch {
	case glob == "":
		return text == ""
	case strings.HasPrefix(glob, "**"):
		rest := strings.TrimLeft(glob, "*")
		for i := 0; i <= len(text); i++ {
			if globbed(rest, text[i:]) {
				return true
			}
		}
		return false
	case glob[0] == '*':
		for i := 0; i <= len(text); i++ {
			if globbed(glob[1:], text[i:]) {
				return true
			}
			if i < len(text) && text[i] == '/' {
				return false
			}
		}
		return false
	}
	return text != "" && glob[0] == text[0] && globbed(glob[1:], text[1:])
}

func FuzzGrants(f *testing.F) {
	f.Add("acme/*", "acme/shop")
	f.Add("acme/*", "acme/platform/shop")
	f.Add("acme/**", "acme/platform/shop")
	f.Add("***", "")
	f.Add(`a.*[b\`, "axx[b")
	f.Add("*\n", "\xff\n")
	f.Fuzz(func(t *testing.T, glob, text string) {
		// The API server takes neither what is no UTF-8 nor what is long.
		glob, text = strings.ToValidUTF8(glob, "?"), strings.ToValidUTF8(text, "?")
		if len(glob) > 40 || len(text) > 40 || strings.Count(glob, "*") > 6 {
			t.Skip("takes too long to be said plainly")
		}
		same := func(s string) string { return s }
		if got, want := compilePatterns([]v1alpha1.Pattern{v1alpha1.Pattern(glob)}, same).match(text), globbed(glob, text); got != want {
			t.Fatalf("%q matches %q: %t, which should be %t", glob, text, got, want)
		}
	})
}
