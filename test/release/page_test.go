package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

// page returns docs/verify.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/verify.md")
	NewWithT(t).Expect(err).NotTo(HaveOccurred())
	return string(text)
}

func TestVerification_IsOfThePage(t *testing.T) {
	g := NewWithT(t)
	script, err := verification(page(t), version, "127.0.0.1:5000")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(script).To(And(
		ContainSubstring("VERSION="+version+"\n"),
		ContainSubstring("IMAGE=127.0.0.1:5000/argoproj-labs/commit-status-hub\n"),
		ContainSubstring("CHART=127.0.0.1:5000/argoproj-labs/charts/commit-status-hub\n"),
		Not(ContainSubstring("ghcr.io")), Not(ContainSubstring("```")),
	))
	// It verifies all that a release signs.
	for _, command := range []string{"cosign verify ", "cosign verify-blob ", "cosign verify-attestation ", "helm pull ", "sha256sum --check --strict ", "gh attestation verify "} {
		g.Expect(script).To(ContainSubstring(command))
	}
	check := exec.CommandContext(t.Context(), "bash", "-n")
	check.Stdin = strings.NewReader(script)
	g.Expect(check.Run()).To(Succeed(), "it is bash")
}

// Each command of the page is one that the stand-ins accept, so a rehearsal verifies it.
func TestVerification_NamesTheSigner(t *testing.T) {
	g := NewWithT(t)
	script, err := verification(page(t), version, "127.0.0.1:5000")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(script).To(ContainSubstring("SIGNER=" + strings.ReplaceAll(identity, version, "$VERSION") + "\n"))
	g.Expect(script).To(ContainSubstring("ISSUER=" + issuer + "\n"))
	for line := range strings.Lines(script) {
		if strings.HasPrefix(line, "cosign verify") {
			g.Expect(line).To(ContainSubstring(` --certificate-identity "$SIGNER" --certificate-oidc-issuer "$ISSUER" `))
		}
	}
	g.Expect(filepath.Join("..", "..", ".github", "workflows", "release.yml")).To(BeARegularFile(), "the identity names it")
}

func TestVerification_RefusesAnotherPage(t *testing.T) {
	g := NewWithT(t)
	_, err := verification("# A page\n\n```sh\nls\n```\n", version, "127.0.0.1:5000")
	g.Expect(err).To(MatchError(ContainSubstring("sets no VERSION")))
}
