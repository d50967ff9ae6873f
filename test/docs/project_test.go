package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// read returns the text of a file of the repository.
func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, path))
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(content)
}

func TestPages_NameTargetsOfTheMakefile(t *testing.T) {
	g := NewWithT(t)
	all, err := pages()
	g.Expect(err).NotTo(HaveOccurred())
	targets := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllStringSubmatch(read(t, "Makefile"), -1) {
		targets[found[1]] = true
	}
	named := 0
	for _, each := range all {
		for _, found := range regexp.MustCompile("(?m)(?:^|`)make ([a-z-]+)").FindAllStringSubmatch(each.text, -1) {
			g.Expect(targets).To(HaveKey(found[1]), each.path)
			named++
		}
	}
	g.Expect(named).To(BeNumerically(">", 20))
}

// A variable that no code reads any more helps nobody.
func TestPages_NameEnvironmentVariablesThatAreRead(t *testing.T) {
	g := NewWithT(t)
	variable := regexp.MustCompile(`COMMIT_STATUS_HUB_[A-Z_]+`)
	known := map[string]bool{}
	g.Expect(filepath.WalkDir(root, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		content, err := os.ReadFile(path)
		for _, found := range variable.FindAllString(string(content), -1) {
			known[found] = true
		}
		return err
	})).To(Succeed())
	all, err := pages()
	g.Expect(err).NotTo(HaveOccurred())
	named := map[string]bool{}
	for _, each := range all {
		for _, found := range variable.FindAllString(each.text, -1) {
			g.Expect(known).To(HaveKey(found), each.path)
			named[found] = true
		}
	}
	for found := range known {
		g.Expect(named).To(HaveKey(found), "a page says what it does")
	}
}

func TestSecurityPolicy_LinksEachOfItsFiveLines(t *testing.T) {
	g := NewWithT(t)
	policy := read(t, "SECURITY.md")
	g.Expect(policy).To(ContainSubstring("https://github.com/argoproj-labs/commit-status-hub/security/advisories/new"))
	lines := regexp.MustCompile(`(?m)^\d\. .*$`).FindAllString(policy, -1)
	g.Expect(lines).To(HaveLen(5))
	for _, line := range lines {
		g.Expect(line).To(ContainSubstring("](docs/security.md#"))
	}
}

func TestReadme_LeadsToTheProjectsFiles(t *testing.T) {
	g := NewWithT(t)
	readme := read(t, "README.md")
	for _, file := range []string{"CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", "LICENSE"} {
		g.Expect(readme).To(ContainSubstring("](" + file + ")"))
	}
}

// A reader decides within the first lines whether to go on.
func TestReadme_BeginsWithTheProblem(t *testing.T) {
	g := NewWithT(t)
	readme := read(t, "README.md")
	at := -1
	for _, part := range []string{
		"# Commit Status Hub\n", "Your clusters know", "**Who needs it**", "**Why not one controller in each cluster?**", "**What it takes**",
		"## See it work\n", "\n```console\n", "## The API by example\n", "## Install it\n", "apply -k deploy/crds", "> hub.kubeconfig",
	} {
		next := strings.Index(readme, part)
		g.Expect(next).To(BeNumerically(">", at), part)
		at = next
	}
}
