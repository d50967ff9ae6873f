package docs

import (
	"testing"

	. "github.com/onsi/gomega"
)

func TestPages_LinkToWhatExists(t *testing.T) {
	g := NewWithT(t)
	all, err := pages()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(len(all)).To(BeNumerically(">", 15))
	links := 0
	for _, each := range all {
		links += len(each.links())
	}
	g.Expect(links).To(BeNumerically(">", 100))
	g.Expect(brokenLinks(all)).To(BeEmpty())
}

func TestBrokenLinks_FindsThem(t *testing.T) {
	g := NewWithT(t)
	all := []page{
		{path: "a.md", text: "# One `two`, three!\n[x](docs/b.md#gone) [y](docs/none.md) [z](#one-two-three) [w](#four)\n```\n[v](none)\n```\n"},
		{path: "docs/b.md", text: "# B\n[x](../a.md#one-two-three) [y](https://example.com/none)\n"},
	}
	g.Expect(all[0].anchors()).To(Equal([]string{"one-two-three"}))
	g.Expect(brokenLinks(all)).To(ConsistOf(
		// docs/b.md and a.md are in no folder, so these are files that are missing.
		"a.md links to docs/b.md#gone: no such file",
		"a.md links to docs/none.md: no such file",
		"a.md links to #four: no such heading",
		"docs/b.md links to ../a.md#one-two-three: no such file",
	))
}
