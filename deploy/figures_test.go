package deploy_test

import (
	"os"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

// TestFiguresOfMemoryAreThoseOfTheBenchmarks holds whoever says what the hub takes to
// docs/benchmarks.md.
func TestFiguresOfMemoryAreThoseOfTheBenchmarks(t *testing.T) {
	g := NewWithT(t)
	read := func(path string) string {
		content, err := os.ReadFile(path)
		g.Expect(err).NotTo(HaveOccurred())
		return string(content)
	}
	measured := read("../docs/benchmarks.md")
	figure := func(row string) string {
		found := regexp.MustCompile(row + ` \| ([0-9.]+ KiB)`).FindStringSubmatch(measured)
		g.Expect(found).NotTo(BeNil(), row)
		return found[1]
	}
	status, member := figure(`memory for each of 100 000 CommitStatuses`), figure(`for each of 200 idle members`)
	unit := figure(`heap for each of the 125 000 units [^|]*`)
	// How large a unit is, and what is reserved for it, are no measurements.
	known := []string{status, member, unit, "4 KiB", "8 KiB"}
	for _, path := range []string{"../docs/install.md", "../docs/members.md", "hub/deployment.yaml", "chart/values.yaml", "../README.md"} {
		for _, said := range regexp.MustCompile(`[0-9.]+ KiB`).FindAllString(read(path), -1) {
			g.Expect(known).To(ContainElement(said), path)
		}
	}
	for _, path := range []string{"../docs/install.md", "hub/deployment.yaml", "chart/values.yaml"} {
		g.Expect(read(path)).To(And(ContainSubstring(status), ContainSubstring(member)), path)
	}
	g.Expect(read("../docs/members.md")).To(ContainSubstring(unit))
}
