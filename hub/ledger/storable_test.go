package ledger

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

func TestStorable_KeepsWhatASpecCouldHold(t *testing.T) {
	asked := providers.Status{Phase: "success", Description: "bell \a", URL: "https://ci.example.com/\u200b"}
	for name, c := range map[string]struct{ shown, stored providers.Status }{
		"as asked":              {asked, asked},
		"another phase":         {providers.Status{Phase: "failure"}, providers.Status{Phase: "failure"}},
		"a word of the SCM's":   {providers.Status{Phase: "skipped"}, providers.Status{}},
		"what does not print":   {providers.Status{Phase: "failure", Description: "a\x1b[31m\x00b\u202ec\n\td"}, providers.Status{Phase: "failure", Description: "a[31mbc\n\td"}},
		"broken UTF-8":          {providers.Status{Phase: "failure", Description: "a\xff"}, providers.Status{Phase: "failure", Description: "a\uFFFD"}},
		"a web page":            {providers.Status{URL: "http://example.com/a"}, providers.Status{URL: "http://example.com/a"}},
		"a script":              {providers.Status{URL: "javascript:alert(1)"}, providers.Status{}},
		"a path":                {providers.Status{URL: "/login"}, providers.Status{}},
		"a URL with controls":   {providers.Status{URL: "https://example.com/\u202ea"}, providers.Status{}},
		"a URL of two millions": {providers.Status{URL: "https://example.com/" + string(make([]byte, 2<<20))}, providers.Status{}},
	} {
		t.Run(name, func(t *testing.T) {
			NewWithT(t).Expect(storable(c.shown, asked)).To(Equal(c.stored))
		})
	}
}

func TestStatusOf_HoldsOnlyWhatASpecCouldHold(t *testing.T) {
	g := NewWithT(t)
	owner := claimBy("eu", "x", 1, "success")
	owner.Key = testKey
	theirs := providers.Shown{Status: providers.Status{Phase: providers.Word("stale"), Description: "a\x07", URL: "javascript:alert(1)"}}
	got, ok := statusOf(statusInput{claim: owner, verdict: Verdict{Owner: owner, Want: owner.Want}, shown: &theirs, drifted: true, dialect: fakeDialect{}, title: "GitHub"}, time.Unix(5000, 0))
	g.Expect(ok).To(BeTrue())
	g.Expect(got.Phase).To(BeEmpty())
	g.Expect(got.Description).To(Equal("a"))
	g.Expect(got.URL).To(BeEmpty())
}
