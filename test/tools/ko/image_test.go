// Package ko pins the tool that builds the hub's image, and tries it against a registry
// on this machine.
package ko

import (
	"archive/tar"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	. "github.com/onsi/gomega"
)

// binary is where ko puts the hub in the image.
const binary = "/ko-app/commit-status-hub"

var platforms = []string{"linux/amd64", "linux/arm64"}

func TestMakeImagePushesAHubForEachPlatform(t *testing.T) {
	g := NewWithT(t)
	server := httptest.NewServer(registry.New(registry.Logger(log.New(io.Discard, "", 0))))
	t.Cleanup(server.Close)
	host := strings.TrimPrefix(server.URL, "http://")
	pushBase(t, host+"/base")

	build := exec.CommandContext(t.Context(), "make", "-C", "../../..", "image",
		"IMAGE="+host+"/hub", "VERSION=v1.2.3", "PLATFORMS="+strings.Join(platforms, ","))
	build.Env = append(os.Environ(), "KO_DEFAULTBASEIMAGE="+host+"/base")
	output, err := build.CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(output))

	pushed, err := name.ParseReference(host + "/hub:v1.2.3")
	g.Expect(err).NotTo(HaveOccurred())
	index, err := remote.Index(pushed)
	g.Expect(err).NotTo(HaveOccurred())
	manifest, err := index.IndexManifest()
	g.Expect(err).NotTo(HaveOccurred())
	var found []string
	for _, m := range manifest.Manifests {
		found = append(found, m.Platform.String())
		image, err := index.Image(m.Digest)
		g.Expect(err).NotTo(HaveOccurred())
		config, err := image.ConfigFile()
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(config.Config.Entrypoint).To(Equal([]string{binary}))
		g.Expect(config.Config.User).To(Equal("65532"), "the base's user")
		if m.Platform.OS == runtime.GOOS && m.Platform.Architecture == runtime.GOARCH {
			g.Expect(version(t, image)).To(Equal("v1.2.3"))
		}
	}
	g.Expect(found).To(ConsistOf(platforms))
}

func TestMakeImageAsksWhereTo(t *testing.T) {
	g := NewWithT(t)
	output, err := exec.CommandContext(t.Context(), "make", "-C", "../../..", "image").CombinedOutput()
	g.Expect(err).To(HaveOccurred())
	g.Expect(string(output)).To(ContainSubstring("where to?"))
}

// pushBase makes a base image with nothing in it for each platform.
func pushBase(t *testing.T, repository string) {
	t.Helper()
	g := NewWithT(t)
	index := v1.ImageIndex(empty.Index)
	for _, p := range platforms {
		platform, err := v1.ParsePlatform(p)
		g.Expect(err).NotTo(HaveOccurred())
		image, err := mutate.ConfigFile(empty.Image, &v1.ConfigFile{
			OS: platform.OS, Architecture: platform.Architecture, Config: v1.Config{User: "65532"},
		})
		g.Expect(err).NotTo(HaveOccurred())
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: platform}})
	}
	reference, err := name.ParseReference(repository)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(remote.WriteIndex(reference, index)).To(Succeed())
}

// version runs the hub of an image and returns which version it says it is.
func version(t *testing.T, image v1.Image) string {
	t.Helper()
	g := NewWithT(t)
	content := mutate.Extract(image)
	t.Cleanup(func() { g.Expect(content.Close()).To(Succeed()) })
	for files := tar.NewReader(content); ; {
		header, err := files.Next()
		g.Expect(err).NotTo(HaveOccurred(), "no %s in the image", binary)
		if "/"+strings.TrimPrefix(header.Name, "/") != binary {
			continue
		}
		path := filepath.Join(t.TempDir(), "hub")
		file, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, header.FileInfo().Mode())
		g.Expect(err).NotTo(HaveOccurred())
		_, err = io.Copy(file, files)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(file.Close()).To(Succeed())
		said, err := exec.CommandContext(t.Context(), path, "version").Output()
		g.Expect(err).NotTo(HaveOccurred())
		return strings.TrimSpace(string(said))
	}
}
