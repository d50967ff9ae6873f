package gitlab

import (
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestADescriptionIsCutVisibly(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"as it is":       {"done\nand dusted", "done\nand dusted"},
		"white space":    {"  done\t\n", "done"},
		"NUL":            {"do\x00ne", "done"},
		"broken UTF-8":   {"do\xffne", "do\uFFFDne"},
		"255 characters": {strings.Repeat("ü", 255), strings.Repeat("ü", 255)},
		"more":           {strings.Repeat("😀", 256), strings.Repeat("😀", 254) + "…"},
		"at a blank":     {strings.Repeat("a", 253) + "   b", strings.Repeat("a", 253) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			shown := dialect{}.Render(providers.Status{Phase: v1alpha1.PhaseSuccess, Description: tc.text})
			g.Expect(shown.Description).To(Equal(tc.want))
			g.Expect(dialect{}.Render(shown)).To(Equal(shown), "what is rendered stays")
		})
	}
}

func TestAURLIsCutVisiblyAndStaysOne(t *testing.T) {
	for name, text := range map[string]string{
		"letters":             "https://ci.example.com/" + strings.Repeat("a", 2000),
		"escaped":             "https://ci.example.com/" + strings.Repeat("%C3%A4", 300),
		"escaped, moved by 1": "https://ci.example.com/a" + strings.Repeat("%C3%A4", 300),
		"escaped, moved by 2": "https://ci.example.com/ab" + strings.Repeat("%C3%A4", 300),
		"not escaped":         "https://ci.example.com/" + strings.Repeat("ä", 300),
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			shown := dialect{}.Render(providers.Status{Phase: v1alpha1.PhaseSuccess, URL: text})
			g.Expect(shown.URL).To(HaveSuffix("%E2%80%A6"))
			g.Expect(utf8.RuneCountInString(shown.URL)).To(And(BeNumerically("<=", 255), BeNumerically(">", 250)))
			u, err := url.Parse(shown.URL)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(u.Path).To(HaveSuffix("…"))
			g.Expect(dialect{}.Render(shown)).To(Equal(shown))
		})
	}
	g := NewWithT(t)
	fits := "https://ci.example.com/" + strings.Repeat("a", 255-23)
	g.Expect(dialect{}.Render(providers.Status{URL: fits}).URL).To(Equal(fits))
}

func TestWhatGitLabWouldRefuseIsNotSent(t *testing.T) {
	b := newBench(t)
	c := b.Client(repository)
	target := func(change func(*providers.Target)) providers.Target {
		t := at("x")
		change(&t)
		return t
	}
	ok := providers.Status{Phase: v1alpha1.PhaseSuccess}
	for name, tc := range map[string]struct {
		at   providers.Target
		want providers.Status
	}{
		"no phase":     {at("x"), providers.Status{Phase: "skipped"}},
		"no name":      {at(""), ok},
		"a blank name": {at(" \t"), ok},
		"a long name":  {at(strings.Repeat("ä", 256)), ok},
		"NUL in name":  {at("a\x00b"), ok},
		"broken name":  {at("a\xff"), ok},
		"a branch":     {target(func(t *providers.Target) { t.SHA = "main" }), ok},
		"a short hash": {target(func(t *providers.Target) { t.SHA = sha[:8] }), ok},
		"ftp":          {at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess, URL: "ftp://ci.example.com"}},
		"javascript":   {at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess, URL: "javascript:alert(1)"}},
		"no host":      {at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess, URL: "https:///run"}},
		"no URL":       {at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess, URL: "::"}},
		"blanks":       {at("x"), providers.Status{Phase: v1alpha1.PhaseSuccess, URL: " https://ci.example.com"}},
	} {
		t.Run(name, func(*testing.T) {
			_, err := c.Create(b.Ctx(), tc.at, tc.want)
			e := b.Fails(err, v1alpha1.ReasonInvalid)
			b.Expect(e.Unknown).To(BeFalse())
		})
	}
	b.Expect(b.gitlab.Writes()).To(BeEmpty())
	b.Expect(b.gitlab.Pipelines(repository, sha)).To(BeEmpty())
}
