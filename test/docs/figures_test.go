package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// Those pages and manifests say what the hub takes, so that nobody has to look it up.
var saysMemory = []string{"README.md", "docs/install.md", "deploy/hub/deployment.yaml", "deploy/chart/values.yaml"}

// quantity is a number with a unit of memory, a short time or a ratio. Times such as 10 min are
// settings, and tests of their own hold those.
// A percent sign without a space before it is part of a URL.
var quantity = regexp.MustCompile(`(\d[\d.]*)(?: ?([KMG]i?B|Gi|ms|µs|×)| (%))`)

// quantities returns those of a text, each with a space before its unit.
func quantities(text string) (found []string) {
	for _, each := range quantity.FindAllStringSubmatch(text, -1) {
		found = append(found, each[1]+" "+each[2]+each[3])
	}
	return found
}

// limits are quantities that nobody measured: what the hub accepts, promises or is set to.
var limits = map[string]string{
	"1 Gi":    "memory limit of the manifests",
	"4 KiB":   "size of a unit",
	"8 KiB":   "reserved for a unit",
	"64 KiB":  "of headers, and of the body of an error",
	"320 KiB": "of an object's metadata",
	"512 KiB": "of an HTTP/2 response that was not read yet",
	"1 MiB":   "of one of many objects that are decoded",
	"2 MiB":   "of an object",
	"4 MiB":   "of any other response",
	"8 MiB":   "of an event of a watch",
	"16 MiB":  "of a page of a list, of texts left out, of an HTTP/2 connection",
	"24 MiB":  "in decoding",
	"64 MiB":  "of the hub for one answer of a member",
	"50 ms":   "between two writes after a pause",
	"231 ms":  "of a request, in an example",
	"95 %":    "of the memory limit is Go's",
	"99 %":    "of a limit is used under backlog",
}

// inShort returns the figures of the table that other pages repeat, and the rest of the page.
func inShort(t *testing.T) (figures map[string]string, rest string) {
	t.Helper()
	g := NewWithT(t)
	_, page, found := strings.Cut(read(t, "docs/benchmarks.md"), "\n## In short\n")
	g.Expect(found).To(BeTrue())
	table, rest, found := strings.Cut(page, "\n## ")
	g.Expect(found).To(BeTrue())
	figures = map[string]string{}
	for _, row := range regexp.MustCompile(`(?m)^\| ([^|]+) \| ([^|]+) \|$`).FindAllStringSubmatch(table, -1) {
		figures[row[1]] = row[2]
	}
	delete(figures, "figure")
	g.Expect(len(figures)).To(BeNumerically(">=", 8))
	return figures, rest
}

// The tables further down are what was measured.
func TestFigures_InShortAreThoseThatWereMeasured(t *testing.T) {
	g := NewWithT(t)
	figures, rest := inShort(t)
	for name, value := range figures {
		row := regexp.MustCompile(`(?m)^\| ` + regexp.QuoteMeta(name) + ` \| (.*?) \|`).FindStringSubmatch(rest)
		g.Expect(row).NotTo(BeNil(), "a table has the row %q", name)
		g.Expect(row[1]).To(ContainSubstring(value), name)
	}
}

func TestFigures_OfAllPagesAreMeasured(t *testing.T) {
	g := NewWithT(t)
	figures, _ := inShort(t)
	known := map[string]bool{}
	for _, value := range figures {
		for _, found := range quantities(value) {
			known[found] = true
		}
	}
	said := map[string]bool{}
	var unknown []string
	for path, text := range figured(t) {
		for _, found := range quantities(text) {
			said[found] = true
			if _, limit := limits[found]; !known[found] && !limit {
				unknown = append(unknown, path+" says "+found)
			}
		}
	}
	g.Expect(unknown).To(BeEmpty(), "such a figure is in the table \"In short\" of docs/benchmarks.md, or is a limit that this test knows")
	for found := range limits {
		g.Expect(said).To(HaveKey(found), "a page says it")
	}
}

// figured returns the texts that say what the hub takes or does, by their paths.
func figured(t *testing.T) map[string]string {
	t.Helper()
	g := NewWithT(t)
	all, err := pages()
	g.Expect(err).NotTo(HaveOccurred())
	texts := map[string]string{}
	for _, each := range all {
		texts[each.path] = each.text
	}
	delete(texts, "docs/benchmarks.md")
	for _, folder := range []string{"deploy/hub", "deploy/member", "deploy/chart", "deploy/chart/templates"} {
		entries, err := os.ReadDir(filepath.Join(root, folder))
		g.Expect(err).NotTo(HaveOccurred())
		for _, entry := range entries {
			// A schema has examples.
			if !entry.IsDir() && !strings.HasSuffix(entry.Name(), ".schema.json") {
				path := folder + "/" + entry.Name()
				texts[path] = read(t, path)
			}
		}
	}
	g.Expect(texts).To(And(HaveKey("deploy/hub/deployment.yaml"), HaveKey("deploy/chart/values.yaml"), HaveKey("deploy/chart/templates/_container.tpl")))
	return texts
}

func TestFigures_OfMemoryAreWhereMemoryIsChosen(t *testing.T) {
	g := NewWithT(t)
	figures, _ := inShort(t)
	status, member := figures["memory for each of 100 000 CommitStatuses"], figures["memory and goroutines for each of 200 idle members"]
	member, _, _ = strings.Cut(member, ",")
	for _, path := range saysMemory {
		// Lines end anywhere, and those of a comment begin with #.
		text := strings.Join(strings.Fields(strings.ReplaceAll(read(t, path), "\n", " ")), " ")
		text = strings.ReplaceAll(text, " # ", " ")
		for _, part := range []string{status, member, "100 000", "200 members"} {
			g.Expect(text).To(ContainSubstring(part), path)
		}
	}
}
