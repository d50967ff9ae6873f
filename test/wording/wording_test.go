package main

import (
	"bytes"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCheckFile_FindsFindings(t *testing.T) {
	for name, test := range map[string]struct{ code, found string }{
		"a question as a subject":         {"// What a bucket gives.\ntype bucket struct{}", "has no subject"},
		"a person as a subject":           {"// Who asks gets it.\nfunc get() {}", "has no subject"},
		"has X done":                      {"// Gate has ask asked before each request.\nfunc Gate() {}", "say what Gate does"},
		"is told":                         {"// notify is called; the queue is told.\nfunc notify() {}", `"is told"`},
		"is told, over a line's end":      {"// notify is called; the queue is\n// told.\nfunc notify() {}", `"is told"`},
		"said of":                         {"// limit is what was said of it.\nvar limit int", `"said of"`},
		"tells whether":                   {"// limit tells whether there is one.\nvar limit int", `"tells whether"`},
		"a member that is let go":         {"// remove lets a member go.\nfunc remove() {}", `"lets a member go"`},
		"a word of our own":               {"// synced is false for an unheard member.\nvar synced int", `"unheard": write "unsynced"`},
		"a word of our own, capitalized":  {"// f ends it.\n//\n// Farewell ends all.\nfunc f() {}", `"Farewell"`},
		"a word of our own in a function": {"func f() {\n\t// the outlook\n}", `"outlook"`},
		"a word of our own in a name":     {"type memberTwin struct{}", `"twin" in the name memberTwin`},
		"a word of our own in a field":    {"type member struct{ twins int }", `"twins" in the name twins`},
		"a boolean":                       {"// synced is true for such a member.\nfunc synced() bool { return true }", "returns a bool"},
		"an exported name":                {"// The limit of all.\nvar Limit int", "begins with its name"},
		"a field's question":              {"type member struct {\n\t// Why it failed.\n\treason string\n}", "has no subject"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			findings, err := checkFile("x.go", "package x\n\n"+test.code+"\n")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(findings).To(HaveLen(1))
			g.Expect(findings[0].String()).To(And(HavePrefix("x.go:"), ContainSubstring(test.found)))
		})
	}
}

func TestCheckFile_AcceptsPlainEnglish(t *testing.T) {
	for name, code := range map[string]string{
		"a subject and a verb":       "// bucket limits requests. What it gives, it counts.\ntype bucket struct{}",
		"a boolean":                  "// synced reports whether all objects were read.\nfunc synced() bool { return true }",
		"a boolean behind an action": "// enter counts a request, and reports whether there is room.\nfunc enter() bool { return true }",
		"an interface's boolean":     "// Less implements heap.Interface.\nfunc Less() bool { return true }",
		"a boolean without comment":  "func old() bool { return true }",
		"two results":                "// get returns it, and whether it is there.\nfunc get() (int, bool) { return 0, true }",
		"a method":                   "type T struct{}\n\n// Len returns the number of items.\nfunc (T) Len() int { return 0 }",
		"has without a participle":   "// lane has the items of one installation.\nvar lane int",
		"a public metric's name":     "// count sets cluster_twin from --unheard-grace.\nfunc count() {}",
		"a public flag's field":      "type Options struct{ UnheardGrace int }",
		"a string":                   "var flag = \"the outlook that nobody is told\"",
		"a directive":                "//go:generate true\nvar Limit int",
		"a grouped constant":         "const (\n\t// Zero is nothing.\n\tZero = 0\n)",
		"a field of another form":    "type T struct {\n\t// In seconds.\n\tAge int\n}",
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			findings, err := checkFile("x.go", "package x\n\n"+code+"\n")
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(findings).To(BeEmpty())
		})
	}
}

func TestCompare_AllowsExactlyTheExceptions(t *testing.T) {
	two := map[string][]finding{"hub": {{text: "first"}, {text: "second"}}}
	for name, test := range map[string]struct {
		allowed int
		ok      bool
		says    string
	}{
		"none":  {0, false, "first\n"},
		"fewer": {1, false, "hub: 2 findings, 1 are allowed"},
		"two":   {2, true, ""},
		"more":  {3, false, "-lower"},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			var out bytes.Buffer
			g.Expect(compare(&out, two, map[string]int{"hub": test.allowed}, false, false)).To(Equal(test.ok))
			g.Expect(out.String()).To(ContainSubstring(test.says))
			if test.ok {
				g.Expect(out.String()).To(BeEmpty())
			}
		})
	}
}

func TestCompare_ComplainsOfExceptionsForPackagesThatAreGone(t *testing.T) {
	g := NewWithT(t)
	var out bytes.Buffer
	g.Expect(compare(&out, map[string][]finding{}, map[string]int{"gone": 1}, false, false)).To(BeFalse())
	g.Expect(out.String()).To(ContainSubstring("gone: 0 findings"))
}

func TestLower_NeverRaisesAnException(t *testing.T) {
	g := NewWithT(t)
	allowed, err := parseExceptions("# why\nhub 1\nhub/ledger 3\ngone 2\n")
	g.Expect(err).NotTo(HaveOccurred())
	found := map[string][]finding{"hub": {{text: "first"}, {text: "second"}}, "hub/ledger": {{text: "third"}}}
	var out bytes.Buffer
	g.Expect(compare(&out, found, allowed, true, false)).To(BeFalse(), "hub has more")
	g.Expect(formatExceptions("# why\nhub 1\n", allowed)).To(Equal("# why\nhub 1\nhub/ledger 1\n"))
}

func TestParseExceptions_RejectsALineWithoutANumber(t *testing.T) {
	g := NewWithT(t)
	_, err := parseExceptions("hub\n")
	g.Expect(err).To(MatchError(ContainSubstring(`"hub"`)))
}
