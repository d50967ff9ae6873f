package deploy_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	. "github.com/onsi/gomega"
)

var (
	// helmCommand is a command of Helm in a page's block of code.
	helmCommand = regexp.MustCompile(`(?m)^helm [^\n]`)
	// helmFunction makes a command helm of the tool that the repository pins.
	helmFunction = regexp.MustCompile(`(?m)^helm\(\) \{ .*test/tools/helm.*\}$`)
)

func TestDocs_SayHowToRunTheHelmThatIsPinned(t *testing.T) {
	g := NewWithT(t)
	pages, err := filepath.Glob("../docs/*.md")
	g.Expect(err).NotTo(HaveOccurred())
	found := 0
	for _, page := range append(pages, "../README.md", "chart/templates/NOTES.txt") {
		text, err := os.ReadFile(page)
		g.Expect(err).NotTo(HaveOccurred())
		first := helmCommand.FindIndex(text)
		if first == nil {
			continue
		}
		found++
		function := helmFunction.FindIndex(text)
		g.Expect(function).NotTo(BeNil(), page)
		g.Expect(function[0]).To(BeNumerically("<", first[0]), "%s says it before it is needed", page)

		script := string(text[function[0]:function[1]]) + "\nhelm template hub deploy/chart --kube-version " + kubeVersion
		command := exec.CommandContext(t.Context(), "bash", "-euc", script)
		command.Dir = ".."
		printed, err := output(command)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(printed).To(ContainSubstring("kind: Deployment"))
	}
	g.Expect(found).To(BeNumerically(">", 0))
}
