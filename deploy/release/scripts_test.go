package release

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// step runs a script of a release and returns what it printed.
func step(t *testing.T, script string, environment ...string) (string, error) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "./"+script)
	command.Env = append(os.Environ(), environment...)
	output, err := command.CombinedOutput()
	return string(output), err
}

func TestChart_HasTheVersionOfTheRelease(t *testing.T) {
	g := NewWithT(t)
	helm, err := exec.CommandContext(t.Context(), "go", "-C", "../../test/tools/helm", "tool", "-n", "helm").Output()
	g.Expect(err).NotTo(HaveOccurred())
	dist := t.TempDir()
	output, err := step(t, "chart.sh", "VERSION=v1.2.3-rc.1", "DIST="+dist, "HELM="+strings.TrimSpace(string(helm)))
	g.Expect(err).NotTo(HaveOccurred(), output)

	files := unpacked(t, filepath.Join(dist, "commit-status-hub-1.2.3-rc.1.tgz"))
	var chart struct{ Version, AppVersion string }
	g.Expect(yaml.Unmarshal([]byte(files["commit-status-hub/Chart.yaml"]), &chart)).To(Succeed())
	g.Expect(chart.Version).To(Equal("1.2.3-rc.1"))
	g.Expect(chart.AppVersion).To(Equal("v1.2.3-rc.1"), "it is the tag of the image")
	g.Expect(files).To(HaveKey("commit-status-hub/README.md"), "Artifact Hub shows it")
	g.Expect(files).To(HaveKey(MatchRegexp(`commit-status-hub/files/crds/.*commitstatuses\.yaml`)))
}

// unpacked returns the files of an archive by their names.
func unpacked(t *testing.T, path string) map[string]string {
	t.Helper()
	g := NewWithT(t)
	file, err := os.Open(path)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = file.Close() })
	plain, err := gzip.NewReader(file)
	g.Expect(err).NotTo(HaveOccurred())
	files := map[string]string{}
	for archive := tar.NewReader(plain); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files
		}
		g.Expect(err).NotTo(HaveOccurred())
		content, err := io.ReadAll(archive)
		g.Expect(err).NotTo(HaveOccurred())
		files[header.Name] = string(content)
	}
}

func TestManifests_NameTheImageByItsDigest(t *testing.T) {
	g := NewWithT(t)
	dist := t.TempDir()
	digest := strings.Repeat("0123456789abcdef", 4)
	images := "ghcr.io/me/commit-status-hub@sha256:" + digest + " all\nghcr.io/me/commit-status-hub@sha256:" + strings.Repeat("f", 64) + " linux/amd64\n"
	g.Expect(os.WriteFile(filepath.Join(dist, "images.txt"), []byte(images), 0o600)).To(Succeed())
	output, err := step(t, "manifests.sh", "VERSION=v1.2.3", "DIST="+dist)
	g.Expect(err).NotTo(HaveOccurred(), output)
	for _, name := range []string{"hub.yaml", "crds.yaml", "member.yaml", "member-crds.yaml"} {
		g.Expect(filepath.Join(dist, name)).To(BeARegularFile())
	}
	hub, err := os.ReadFile(filepath.Join(dist, "hub.yaml"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(regexp.MustCompile(`image: .*`).FindAllString(string(hub), -1)).To(
		ConsistOf("image: ghcr.io/me/commit-status-hub:v1.2.3@sha256:" + digest))

	g.Expect(os.WriteFile(filepath.Join(dist, "images.txt"), nil, 0o600)).To(Succeed())
	output, err = step(t, "manifests.sh", "VERSION=v1.2.3", "DIST="+dist)
	g.Expect(err).To(HaveOccurred())
	g.Expect(output).To(ContainSubstring("images.txt has no image of the hub"))
}

func TestNotes_AreWrittenBesideTheFiles(t *testing.T) {
	g := NewWithT(t)
	changes := filepath.Join(t.TempDir(), "CHANGELOG.md")
	g.Expect(os.WriteFile(changes, []byte(changelog), 0o600)).To(Succeed())
	dist := filepath.Join(t.TempDir(), "dist")
	output, err := step(t, "notes.sh", "VERSION=v0.1.0", "DIST="+dist, "CHANGELOG="+changes)
	g.Expect(err).NotTo(HaveOccurred(), output)
	g.Expect(os.ReadFile(dist + ".notes.md")).To(BeEquivalentTo("### Added\n\n- All of it.\n"))
	g.Expect(os.ReadDir(dist)).To(BeEmpty())

	output, err = step(t, "notes.sh", "VERSION=v0.9.0", "DIST="+dist, "CHANGELOG="+changes)
	g.Expect(err).To(HaveOccurred(), "a tag without a section in the changelog is released to nobody")
	g.Expect(output).To(ContainSubstring("no section of v0.9.0"))
}

func TestSteps_RefuseWhatIsNoVersion(t *testing.T) {
	for _, version := range []string{"", "1.2.3", "v1.2", "v1.2.3 x", "v1.2.3;x", "v1.2.3/x", "latest"} {
		output, err := step(t, "notes.sh", "VERSION="+version, "DIST="+filepath.Join(t.TempDir(), "dist"))
		g := NewWithT(t)
		g.Expect(err).To(HaveOccurred(), version)
		g.Expect(output).To(Or(ContainSubstring("no semantic version"), ContainSubstring("which version?")), version)
	}
}
