package providers

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

func TestAMessageIsOneShortPrintableLine(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"as it is":            {"no such commit", "no such commit"},
		"nothing":             {"", ""},
		"blanks around":       {" a b ", "a b"},
		"two blanks":          {"a  b", "a b"},
		"a DEL":               {"a\x7fb", "ab"},
		"299 of ASCII":        {strings.Repeat("u", 299), strings.Repeat("u", 299)},
		"300 of ASCII":        {strings.Repeat("u", 300), strings.Repeat("u", 299) + "…"},
		"white space":         {" a\n\tb  c ", "a b c"},
		"control characters":  {"a\x00\x1b[31mb", "a[31mb"},
		"words of nothing":    {"\x00 a \x00 b \x00", "a b"},
		"broken UTF-8":        {"a\xff b", "a b"},
		"300 characters":      {strings.Repeat("ü", 299), strings.Repeat("ü", 299)},
		"more is cut visibly": {strings.Repeat("ü", 301), strings.Repeat("ü", 299) + "…"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			g.Expect(Sentence(c.text)).To(Equal(c.want))
			g.Expect(len([]rune(Sentence(c.text)))).To(BeNumerically("<=", 300))
		})
	}
}

func TestAnErrorOfUnknownKindHasAnUnknownOutcome(t *testing.T) {
	g := NewWithT(t)
	e := AsError(errors.New("connection reset"))
	g.Expect(e.Reason).To(Equal(v1alpha1.ReasonUnavailable))
	g.Expect(e.Unknown).To(BeTrue())
	known := Errorf(v1alpha1.ReasonInvalid, "bad %s", "url")
	g.Expect(AsError(fmt.Errorf("writing: %w", known))).To(BeIdenticalTo(known))
}

func TestAKindThatNobodyServesIsUnsupported(t *testing.T) {
	for name, spec := range map[string]v1alpha1.ScmProviderSpec{
		"kind gitlab": {GitLab: &v1alpha1.GitLabSpec{}},
		"no SCM":      {},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := NewRegistry().Find(spec)
			g := NewWithT(t)
			g.Expect(AsError(err).Reason).To(Equal(v1alpha1.ReasonUnsupported))
			g.Expect(err.Error()).To(ContainSubstring(name))
		})
	}
}
