package testbinaries_test

import (
	"archive/tar"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/test/clusters/testbinaries"
	"github.com/argoproj-labs/commit-status-hub/test/clusters/testbinaries/testindex"
)

var programs = []string{"etcd", "kube-apiserver"}

func TestInstall_WritesThePrograms(t *testing.T) {
	g := NewWithT(t)
	server := testindex.Serve(t)
	server.Add("v1.36.2", testindex.Archive(testindex.Good))
	dir := t.TempDir()
	release, address, err := testbinaries.Source{Index: server.URL}.Install(t.Context(), "v1.36.3", dir, programs)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(release).To(Equal("v1.36.2"))
	g.Expect(address).To(ContainSubstring("/envtest-v1.36.2-"))
	g.Expect(os.ReadFile(filepath.Join(dir, "kube-apiserver"))).To(BeEquivalentTo("a kube-apiserver"))
	info, err := os.Stat(filepath.Join(dir, "etcd"))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(info.Mode().Perm()&0o500).To(BeEquivalentTo(0o500), "it can be run")
	entries, err := os.ReadDir(dir)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(entries).To(HaveLen(2), "what is not asked for stays in the archive, which is removed")
}

func TestInstall_TakesTheNewestReleaseOfTheMinorVersion(t *testing.T) {
	g := NewWithT(t)
	server := testindex.Serve(t)
	for _, release := range []string{"v1.35.9", "v1.36.2", "v1.36.10", "v1.36.9", "v1.36.11-rc.1", "v1.37.0", "nonsense"} {
		server.Add(release, testindex.Archive(testindex.Good))
	}
	release, _, err := testbinaries.Source{Index: server.URL}.Install(t.Context(), "v1.36.3", t.TempDir(), programs)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(release).To(Equal("v1.36.10"))
}

// refuse expects that nothing is left of an installation but its error.
func refuse(t *testing.T, source testbinaries.Source, why string) {
	t.Helper()
	g := NewWithT(t)
	dir := t.TempDir()
	_, _, err := source.Install(t.Context(), "v1.36.3", dir, programs)
	g.Expect(err).To(MatchError(ContainSubstring(why)))
	g.Expect(filepath.Join(dir, "..", "out")).NotTo(BeAnExistingFile())
}

func TestInstall_RefusesWhatTheIndexLacks(t *testing.T) {
	server := testindex.Serve(t)
	refuse(t, testbinaries.Source{Index: server.URL}, "no releases")
	server.Add("v1.35.0", testindex.Archive(testindex.Good))
	server.Add("v1.36.0-beta.0", testindex.Archive(testindex.Good))
	refuse(t, testbinaries.Source{Index: server.URL}, "no release of Kubernetes 1.36 for ")
	refuse(t, testbinaries.Source{Index: server.URL + "/gone"}, "404 Not Found")
}

func TestInstall_RefusesAnIndexThatIsNone(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("<html>log in first</html>"))
	}))
	t.Cleanup(server.Close)
	refuse(t, testbinaries.Source{Index: server.URL}, "reading the index")
}

func TestInstall_UnpacksNothingWithAnotherChecksum(t *testing.T) {
	g := NewWithT(t)
	server := testindex.Serve(t)
	server.AddHandler("v1.36.0", testindex.Sum([]byte("another")), func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write(testindex.Archive(testindex.Good))
	})
	dir := t.TempDir()
	_, _, err := testbinaries.Source{Index: server.URL}.Install(t.Context(), "v1.36.3", dir, programs)
	g.Expect(err).To(MatchError(ContainSubstring("another checksum")))
	g.Expect(os.ReadDir(dir)).To(BeEmpty())
}

func TestInstall_RefusesArchives(t *testing.T) {
	with := func(files ...testindex.File) []byte { return testindex.Archive(append(files, testindex.Good...)) }
	for name, each := range map[string]struct {
		archive []byte
		limits  testbinaries.Limits
		why     string
	}{
		"a path to above":              {archive: with(testindex.File{Name: "../out"}), why: "leads out"},
		"a path to above in its midst": {archive: with(testindex.File{Name: "a/../../out"}), why: "leads out"},
		"a path from the root":         {archive: with(testindex.File{Name: "/etc/out"}), why: "leads out"},
		"a path of Windows":            {archive: with(testindex.File{Name: `..\out`}), why: "leads out"},
		"a program that is a link": {
			archive: testindex.Archive([]testindex.File{{Name: "etcd", Type: tar.TypeSymlink, Content: "../out"}, {Name: "kube-apiserver"}}),
			why:     "no etcd",
		},
		"a program missing":    {archive: testindex.Archive(testindex.Good[:3]), why: "no kube-apiserver"},
		"no gzip":              {archive: []byte("no gzip"), why: "unpacking"},
		"no tar":               {archive: testindex.Archive(testindex.Good)[:60], why: "unpacking"},
		"too large":            {archive: testindex.Archive(testindex.Good), limits: testbinaries.Limits{ArchiveBytes: 100}, why: "has more than 100 bytes"},
		"too large unpacked":   {archive: testindex.Archive(testindex.Good), limits: testbinaries.Limits{UnpackedBytes: 2000}, why: "more than 2000 bytes unpacked"},
		"too large in a file":  {archive: testindex.Archive(large), limits: testbinaries.Limits{UnpackedBytes: 1 << 20}, why: "more than 1048576 bytes unpacked"},
		"too large in no file": {archive: testindex.Archive([]testindex.File{{Name: "other", Content: large[0].Content}}), limits: testbinaries.Limits{UnpackedBytes: 1 << 20}, why: "more than 1048576 bytes unpacked"},
	} {
		t.Run(name, func(t *testing.T) {
			server := testindex.Serve(t)
			server.Add("v1.36.0", each.archive)
			refuse(t, testbinaries.Source{Index: server.URL, Limits: each.limits}, each.why)
		})
	}
}

var large = []testindex.File{{Name: "etcd", Content: strings.Repeat("0", 2<<20)}}

// impatient gives up after no time, since nothing will ever come.
var impatient = testbinaries.Limits{Connect: 50 * time.Millisecond, Stall: 50 * time.Millisecond}

func TestInstall_GivesUpOnAnIndexThatHangs(t *testing.T) {
	refuse(t, testbinaries.Source{Index: hanging(t, nil).URL, Limits: impatient}, "nothing more arrived")
}

func TestInstall_GivesUpOnAnArchiveThatHangs(t *testing.T) {
	for name, beginning := range map[string][]byte{"before its header": nil, "in its midst": testindex.Archive(testindex.Good)[:40]} {
		t.Run(name, func(t *testing.T) {
			server := testindex.Serve(t)
			slow := hanging(t, beginning)
			server.AddHandler("v1.36.0", testindex.Sum(nil), func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, slow.URL, http.StatusFound)
			})
			refuse(t, testbinaries.Source{Index: server.URL, Limits: impatient}, "nothing more arrived")
		})
	}
}

// hanging starts a server that sends a beginning, and then nothing for as long as somebody
// waits for it.
func hanging(t *testing.T, beginning []byte) *httptest.Server {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if beginning != nil {
			_, _ = w.Write(beginning)
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}))
	t.Cleanup(server.Close)
	return server
}

func TestInstall_TakesNoLongerThanItsTotal(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // never still, and never done
			_, _ = w.Write([]byte("#"))
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(server.Close)
	refuse(t, testbinaries.Source{Index: server.URL, Limits: testbinaries.Limits{Total: 50 * time.Millisecond}}, "context deadline exceeded")
}

func TestInstall_GivesUpWhereNobodyListens(t *testing.T) {
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(listener.Close()).To(Succeed())
	refuse(t, testbinaries.Source{Index: "http://" + listener.Addr().String()}, "connection refused")
}

func TestInstall_GivesUpOnAHandshakeThatHangs(t *testing.T) {
	g := NewWithT(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = listener.Close() })
	limits := testbinaries.Limits{Connect: 50 * time.Millisecond}
	refuse(t, testbinaries.Source{Index: "https://" + listener.Addr().String(), Limits: limits}, "TLS handshake timeout")
}

func TestInstall_GivesUpOnAConnectionThatHangs(t *testing.T) {
	limits := testbinaries.Limits{Connect: 50 * time.Millisecond, Stall: time.Hour}
	refuse(t, testbinaries.Source{Index: "http://" + full(t), Limits: limits}, "i/o timeout")
}

// full returns the address of a socket whose queue of connections is full, so that it answers
// nobody who wants to connect.
func full(t *testing.T) string {
	t.Helper()
	g := NewWithT(t)
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { _ = syscall.Close(socket) })
	g.Expect(syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})).To(Succeed())
	g.Expect(syscall.Listen(socket, 0)).To(Succeed())
	bound, err := syscall.Getsockname(socket)
	g.Expect(err).NotTo(HaveOccurred())
	address := net.JoinHostPort("127.0.0.1", strconv.Itoa(bound.(*syscall.SockaddrInet4).Port))
	for range 100 {
		connection, err := net.DialTimeout("tcp", address, 50*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() { _ = connection.Close() })
	}
	t.Fatal("the queue of connections never fills")
	return ""
}

func TestInstall_RefusesWhatIsNotEncrypted(t *testing.T) {
	refuse(t, testbinaries.Source{Index: "http://mirror.example.com/index.yaml"}, "is not https")
	refuse(t, testbinaries.Source{Index: "file:///index.yaml"}, "is not https")
	server := testindex.Serve(t)
	server.AddHandler("v1.36.0", testindex.Sum(nil), func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://mirror.example.com/archive", http.StatusFound)
	})
	refuse(t, testbinaries.Source{Index: server.URL}, "is not https")
}

func TestFromEnvironment(t *testing.T) {
	g := NewWithT(t)
	t.Setenv(testbinaries.IndexVariable, "")
	t.Setenv(testbinaries.SkipVariable, "")
	source, allowed := testbinaries.FromEnvironment()
	g.Expect(allowed).To(BeTrue())
	g.Expect(source.Index).To(HaveSuffix("/kubernetes-sigs/controller-tools/HEAD/envtest-releases.yaml"))

	t.Setenv(testbinaries.IndexVariable, "https://mirror.example.com/index.yaml")
	source, allowed = testbinaries.FromEnvironment()
	g.Expect(allowed).To(BeTrue())
	g.Expect(source.Index).To(Equal("https://mirror.example.com/index.yaml"))

	t.Setenv(testbinaries.SkipVariable, "1")
	_, allowed = testbinaries.FromEnvironment()
	g.Expect(allowed).To(BeFalse())
}
