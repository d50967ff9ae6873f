package hub

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

var (
	fileInDoc  = regexp.MustCompile(`\b([a-z_]+\.go)\b`)
	fileInPage = regexp.MustCompile("`([a-z0-9_/]+\\.go)`")
)

func TestLayout_DocNamesFilesThatExist(t *testing.T) {
	g := NewWithT(t)
	for _, dir := range []string{".", "ledger", "syncer", "publish", "scmproviders", "web", "web/forward", "web/why", "../kubeconfigs", "../ratelimit"} {
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		g.Expect(err).NotTo(HaveOccurred())
		for _, named := range fileInDoc.FindAllStringSubmatch(string(text), -1) {
			g.Expect(filepath.Join(dir, named[1])).To(BeARegularFile(), "%s/doc.go names it", dir)
		}
	}
}

func TestLayout_DocNamesEachFile(t *testing.T) {
	g := NewWithT(t)
	for _, dir := range []string{".", "ledger", "syncer", "publish", "scmproviders", "web", "web/forward", "web/why", "../kubeconfigs", "../ratelimit"} {
		text, err := os.ReadFile(filepath.Join(dir, "doc.go"))
		g.Expect(err).NotTo(HaveOccurred())
		named := map[string]bool{"doc.go": true}
		for _, each := range fileInDoc.FindAllStringSubmatch(string(text), -1) {
			named[each[1]] = true
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		g.Expect(err).NotTo(HaveOccurred())
		for _, file := range files {
			if name := filepath.Base(file); !strings.HasSuffix(name, "_test.go") {
				g.Expect(named).To(HaveKey(name), "%s/doc.go says what is in each file", dir)
			}
		}
	}
}

func TestLayout_ArchitectureNamesFilesThatExist(t *testing.T) {
	g := NewWithT(t)
	text, err := os.ReadFile("../docs/architecture.md")
	g.Expect(err).NotTo(HaveOccurred())
	for _, named := range fileInPage.FindAllStringSubmatch(string(text), -1) {
		found := false
		for _, dir := range []string{".", "..", "../kubeconfigs"} {
			info, err := os.Stat(filepath.Join(dir, named[1]))
			found = found || err == nil && info.Mode().IsRegular()
		}
		g.Expect(found).To(BeTrue(), "docs/architecture.md names %s", named[1])
	}
}
