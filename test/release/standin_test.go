package main

import (
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

func TestCosignArgs_TakeTheKeyInPlaceOfTheSigner(t *testing.T) {
	g := NewWithT(t)
	signer := []string{"--certificate-identity", identity, "--certificate-oidc-issuer", issuer}
	g.Expect(cosignArgs(append([]string{"verify"}, append(signer, "image:v1")...), "/r")).To(Equal(
		[]string{"verify", "--key", "/r/cosign.pub", "--insecure-ignore-tlog=true", "--allow-http-registry", "image:v1"}))
	g.Expect(cosignArgs(append([]string{"verify-blob", "--bundle", "b"}, append(signer, "f")...), "/r")).To(Equal(
		[]string{"verify-blob", "--key", "/r/cosign.pub", "--insecure-ignore-tlog=true", "--bundle", "b", "f"}))
	g.Expect(cosignArgs([]string{"sign", "--yes", "image@sha256:01"}, "/r")).To(Equal(
		[]string{"sign", "--key", "/r/cosign.key", "--use-signing-config=false", "--tlog-upload=false", "--allow-http-registry", "--yes", "image@sha256:01"}))
}

func TestCosignArgs_RefuseAnotherSigner(t *testing.T) {
	for _, args := range [][]string{
		{"verify", "image:v1"},
		{"verify", "--certificate-identity", identity, "image:v1"},
		{"verify", "--certificate-identity", identity + "x", "--certificate-oidc-issuer", issuer, "image:v1"},
		{"verify", "--certificate-identity", identity, "--certificate-oidc-issuer", "https://example.com", "image:v1"},
		{"verify-blob", "--certificate-identity"},
		{"verify-attestation", "--certificate-identity-regexp", ".*", "--certificate-oidc-issuer", issuer, "image:v1"},
		{"clean", "image:v1"},
		{},
	} {
		_, err := cosignArgs(args, "/r")
		NewWithT(t).Expect(err).To(HaveOccurred(), "%q", args)
	}
}

func TestDownload_CopiesFilesOfTheRelease(t *testing.T) {
	g := NewWithT(t)
	dist := t.TempDir()
	g.Expect(os.WriteFile(filepath.Join(dist, "SHA256SUMS"), []byte("sums"), 0o600)).To(Succeed())
	t.Chdir(t.TempDir())
	g.Expect(download([]string{"-fsSLO", downloads + "SHA256SUMS"}, dist)).To(Succeed())
	g.Expect(os.ReadFile("SHA256SUMS")).To(BeEquivalentTo("sums"))

	for _, args := range [][]string{
		{"-fsSLO", downloads + "none"},
		{"-fsSLO", downloads + "../SHA256SUMS"},
		{"-fsSLO", "https://example.com/SHA256SUMS"},
		{"-O", downloads + "SHA256SUMS"},
	} {
		g.Expect(download(args, dist)).NotTo(Succeed(), "%q", args)
	}
}

func TestRehearsedChangelog_ReleasesWhatIsUnreleased(t *testing.T) {
	g := NewWithT(t)
	from, to := filepath.Join(t.TempDir(), "from"), filepath.Join(t.TempDir(), "to")
	g.Expect(os.WriteFile(from, []byte("# C\n\n## [Unreleased]\n\n### Fixed\n\n- A.\n"), 0o600)).To(Succeed())
	g.Expect(rehearsedChangelog(from, to)).To(Succeed())
	g.Expect(os.ReadFile(to)).To(BeEquivalentTo("# C\n\n## [Unreleased]\n\n## [0.0.0-rehearsal.1] - 2026-01-01\n\n### Fixed\n\n- A.\n"))

	g.Expect(os.WriteFile(from, []byte("## [Unreleased]\n\n## [0.1.0] - 2025-01-01\n\n### Fixed\n\n- A.\n"), 0o600)).To(Succeed())
	g.Expect(rehearsedChangelog(from, to)).To(Succeed())
	g.Expect(os.ReadFile(to)).To(BeEquivalentTo("## [Unreleased]\n\n## [0.0.0-rehearsal.1] - 2026-01-01\n" +
		"\n### Added\n\n- Nothing: this is a rehearsal.\n\n## [0.1.0] - 2025-01-01\n\n### Fixed\n\n- A.\n"))

	g.Expect(os.WriteFile(from, []byte("# C\n"), 0o600)).To(Succeed())
	g.Expect(rehearsedChangelog(from, to)).NotTo(Succeed())
}
