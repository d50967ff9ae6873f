package deploy_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// shaField is a hash as the value of a field in YAML.
var shaField = regexp.MustCompile(`\b(sha|shortSha): +("|')?([0-9a-fA-F]{7,64})\b`)

// examples calls do with each line of what people copy: manifests, documents and notes.
func examples(t *testing.T, do func(file, line string)) {
	t.Helper()
	g := NewWithT(t)
	root := ".."
	g.Expect(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") && entry.Name() != ".github" || entry.Name() == "node_modules"):
			return filepath.SkipDir
		case entry.IsDir():
			return nil
		}
		switch filepath.Ext(path) {
		case ".yaml", ".yml", ".md", ".txt", ".tpl":
		default:
			return nil
		}
		text, err := os.ReadFile(path)
		for line := range strings.Lines(string(text)) {
			do(path, line)
		}
		return err
	})).To(Succeed())
}

// A hash of digits alone is a number in YAML, and one such as 1e10… a float.
func TestExamples_QuoteEachHash(t *testing.T) {
	g := NewWithT(t)
	quoted := map[string]int{}
	examples(t, func(file, line string) {
		for _, found := range shaField.FindAllStringSubmatch(line, -1) {
			g.Expect(found[2]).NotTo(BeEmpty(), "%s: %s", file, line)
			quoted[filepath.Base(file)]++
		}
	})
	for _, file := range []string{"README.md", "commitstatus.md", "commitstatus.yaml"} {
		g.Expect(quoted).To(HaveKey(file))
	}
}
