package clusters

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/clusters/testbinaries"
	"github.com/argoproj-labs/commit-status-hub/test/clusters/testbinaries/testindex"
)

// smallModule makes a module that stands in for test/controlplane: its programs have the
// same import paths, do nothing, and take a second to build.
func smallModule(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	dir := t.TempDir()
	program := "package main\n\nfunc main() {}\n"
	for name, content := range map[string]string{
		"go.mod": `module example.com/small

go 1.26.0

require (
	go.etcd.io/etcd/server/v3 v3.6.8
	k8s.io/kubernetes v1.36.3
)

replace (
	go.etcd.io/etcd/server/v3 => ./etcd
	k8s.io/kubernetes => ./kubernetes
)

tool (
	go.etcd.io/etcd/server/v3
	k8s.io/kubernetes/cmd/kube-apiserver
	k8s.io/kubernetes/cmd/kube-controller-manager
)
`,
		"go.sum":                                "",
		"etcd/go.mod":                           "module go.etcd.io/etcd/server/v3\n",
		"etcd/main.go":                          program,
		"kubernetes/go.mod":                     "module k8s.io/kubernetes\n",
		"kubernetes/cmd/kube-apiserver/main.go": program,
		"kubernetes/cmd/kube-controller-manager/main.go": program,
	} {
		path := filepath.Join(dir, name)
		g.Expect(os.MkdirAll(filepath.Dir(path), 0o755)).To(Succeed())
		g.Expect(os.WriteFile(path, []byte(content), 0o600)).To(Succeed())
	}
	return dir
}

// emptyCache makes the user's cache folder an empty one, but for what Go keeps there.
func emptyCache(t *testing.T) {
	t.Helper()
	g := NewWithT(t)
	cache, err := goCommand(t.Context(), ".", "env", "GOCACHE")
	g.Expect(err).NotTo(HaveOccurred())
	t.Setenv("GOCACHE", cache)
	if runtime.GOOS == "darwin" {
		t.Setenv("HOME", t.TempDir())
		return
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
}

func TestInstall_TakesWhatKubernetesPublishes(t *testing.T) {
	g := NewWithT(t)
	emptyCache(t)
	server := testindex.Serve(t)
	server.Add("v1.36.2", testindex.Archive(testindex.Good))
	t.Setenv(testbinaries.IndexVariable, server.URL)
	t.Setenv(testbinaries.SkipVariable, "")
	module := smallModule(t)
	var said bytes.Buffer
	dir, err := controlPlane.installedOf(t.Context(), module, &said)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(os.ReadFile(filepath.Join(dir, "etcd"))).To(BeEquivalentTo("an etcd"))
	g.Expect(said.String()).To(HavePrefix("downloaded kube-apiserver and etcd v1.36.2 into " + dir + ", checksum verified, from http://"))
	g.Expect(strings.Count(said.String(), "\n")).To(Equal(1))
	g.Expect(filepath.Glob(dir + ".*")).To(ConsistOf(dir + ".lock"))

	said.Reset()
	g.Expect(controlPlane.installedOf(t.Context(), module, &said)).To(Equal(dir))
	g.Expect(said.String()).To(BeEmpty(), "it is installed")
}

func TestInstall_BuildsWhereNothingCanBeDownloaded(t *testing.T) {
	for name, each := range map[string]struct {
		source func(t *testing.T, server *testindex.Server)
		why    string
	}{
		"skipped": {
			source: func(t *testing.T, _ *testindex.Server) { t.Setenv(testbinaries.SkipVariable, "1") },
			why:    testbinaries.SkipVariable + "=1",
		},
		"no such release": {
			source: func(_ *testing.T, server *testindex.Server) { server.Add("v1.35.0", testindex.Archive(testindex.Good)) },
			why:    "the index has no release of Kubernetes 1.36 for " + runtime.GOOS + "-" + runtime.GOARCH,
		},
		"half an archive": {
			source: func(_ *testing.T, server *testindex.Server) {
				server.Add("v1.36.0", testindex.Archive(testindex.Good[:3]))
			},
			why: "the archive has no kube-apiserver",
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewWithT(t)
			emptyCache(t)
			server := testindex.Serve(t)
			t.Setenv(testbinaries.IndexVariable, server.URL)
			t.Setenv(testbinaries.SkipVariable, "")
			each.source(t, server)
			var said bytes.Buffer
			dir, err := controlPlane.installedOf(t.Context(), smallModule(t), &said)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(said.String()).To(Equal("building kube-apiserver and etcd v1.36.3 into " + dir +
				", which takes some minutes, once: " + each.why + "\nbuilt kube-apiserver and etcd\n"))
			for _, program := range []string{"kube-apiserver", "etcd"} {
				built, err := os.ReadFile(filepath.Join(dir, program))
				g.Expect(err).NotTo(HaveOccurred())
				g.Expect(len(built)).To(BeNumerically(">", 100_000), "nothing of the archive is left")
			}
		})
	}
}

func TestInstall_BuildsWhatKubernetesDoesNotPublish(t *testing.T) {
	g := NewWithT(t)
	emptyCache(t)
	t.Setenv(testbinaries.IndexVariable, "http://127.0.0.1:1/")
	var said bytes.Buffer
	dir, err := controllers.installedOf(t.Context(), smallModule(t), &said)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(filepath.Join(dir, "kube-controller-manager")).To(BeARegularFile())
	g.Expect(said.String()).To(ContainSubstring("once: Kubernetes publishes none for tests\n"))
}

// Whoever interrupts a download does not wait for a build.
func TestInstall_EndsWithItsContext(t *testing.T) {
	g := NewWithT(t)
	emptyCache(t)
	server := testindex.Serve(t)
	ctx, cancel := context.WithCancel(t.Context())
	server.AddHandler("v1.36.0", testindex.Sum(nil), func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	})
	t.Setenv(testbinaries.IndexVariable, server.URL)
	t.Setenv(testbinaries.SkipVariable, "")
	var said bytes.Buffer
	_, err := controlPlane.installedOf(ctx, smallModule(t), &said)
	g.Expect(err).To(MatchError(context.Canceled))
	g.Expect(said.String()).To(BeEmpty())
}
