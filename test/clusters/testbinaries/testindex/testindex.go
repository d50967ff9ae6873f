// Package testindex serves an index of Kubernetes' test binaries on loopback, for tests.
package testindex

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"testing"
)

// File is one entry of an archive.
type File struct {
	Name, Content string
	// Type is that of package tar; the zero value is a regular file.
	Type byte
}

// Good is an archive as Kubernetes publishes it, with programs that do nothing.
var Good = []File{
	{Name: "controller-tools/", Type: tar.TypeDir},
	{Name: "controller-tools/envtest/", Type: tar.TypeDir},
	{Name: "controller-tools/envtest/etcd", Content: "an etcd"},
	{Name: "controller-tools/envtest/kube-apiserver", Content: "a kube-apiserver"},
	{Name: "controller-tools/envtest/kubectl", Content: "a kubectl"},
}

// Archive packs files.
func Archive(files []File) []byte {
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, file := range files {
		header := &tar.Header{Name: file.Name, Typeflag: file.Type, Mode: 0o755}
		switch file.Type {
		case tar.TypeSymlink:
			header.Linkname = file.Content
		case 0, tar.TypeReg:
			header.Typeflag, header.Size = tar.TypeReg, int64(len(file.Content))
		}
		must(archive.WriteHeader(header))
		if header.Typeflag == tar.TypeReg {
			_, err := archive.Write([]byte(file.Content))
			must(err)
		}
	}
	must(archive.Close())
	must(compressed.Close())
	return packed.Bytes()
}

// must is for what cannot go wrong in memory.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// Server is an index with its archives.
type Server struct {
	// URL is the address of the index.
	URL string

	base  string
	mux   *http.ServeMux
	lines string
}

// Serve starts a server without releases, which ends with the test.
func Serve(t *testing.T) *Server {
	t.Helper()
	s := &Server{mux: http.NewServeMux()}
	server := httptest.NewServer(s.mux)
	t.Cleanup(server.Close)
	s.base, s.URL = server.URL, server.URL+"/index.yaml"
	s.mux.HandleFunc("/index.yaml", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprint(w, "releases:\n"+s.lines)
	})
	return s
}

// Add adds a release with an archive for this platform, before the first request.
func (s *Server) Add(release string, archive []byte) {
	s.AddHandler(release, Sum(archive), func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(archive) })
}

// AddHandler adds a release whose archive a handler serves.
func (s *Server) AddHandler(release, sum string, handler http.HandlerFunc) {
	name := fmt.Sprintf("envtest-%s-%s-%s.tar.gz", release, runtime.GOOS, runtime.GOARCH)
	s.mux.HandleFunc("/"+name, handler)
	s.lines += fmt.Sprintf("  %s:\n    %s:\n      hash: %s\n      selfLink: %s/%s\n", release, name, sum, s.base, name)
}

// Sum returns the checksum of an archive as the index has it.
func Sum(archive []byte) string {
	sum := sha512.Sum512(archive)
	return hex.EncodeToString(sum[:])
}
