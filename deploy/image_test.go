package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// A tag can be moved, a digest cannot.
func TestImagesHaveTheSameBaseAndGo(t *testing.T) {
	g := NewWithT(t)
	dockerfile := text(t, "../Dockerfile")
	base := regexp.MustCompile(`(?m)^defaultBaseImage: (\S+:nonroot@sha256:[0-9a-f]{64})$`).FindStringSubmatch(text(t, "../.ko.yaml"))
	g.Expect(base).To(HaveLen(2))
	g.Expect(dockerfile).To(MatchRegexp(`(?m)^FROM ` + regexp.QuoteMeta(base[1]) + `$`))
	version := regexp.MustCompile(`(?m)^go (\S+)$`).FindStringSubmatch(text(t, "../go.mod"))
	g.Expect(version).To(HaveLen(2))
	g.Expect(dockerfile).To(MatchRegexp(` golang:` + regexp.QuoteMeta(version[1]) + `@sha256:[0-9a-f]{64} AS build\n`))
}

// Docker sends only what .dockerignore lets it, so that must be all that the hub is built from.
func TestDockerIsSentAllThatTheHubIsBuiltFrom(t *testing.T) {
	g := NewWithT(t)
	ignore := strings.Split(text(t, "../.dockerignore"), "\n")
	g.Expect(ignore).To(ContainElements("*", "!go.mod", "!go.sum"))
	root, err := filepath.Abs("..")
	g.Expect(err).NotTo(HaveOccurred())
	folders, err := output(exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}", "../cmd/commit-status-hub"))
	g.Expect(err).NotTo(HaveOccurred())
	found := 0
	for folder := range strings.Lines(folders) {
		path, inside := strings.CutPrefix(strings.TrimSpace(folder), root+string(filepath.Separator))
		if !inside {
			continue
		}
		top, _, _ := strings.Cut(filepath.ToSlash(path), "/")
		g.Expect(ignore).To(ContainElement("!"+top), path)
		found++
	}
	g.Expect(found).To(BeNumerically(">", 5))
}

func text(t *testing.T, file string) string {
	t.Helper()
	content, err := os.ReadFile(file)
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(content)
}
