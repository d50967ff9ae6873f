package web

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/gomega"
)

func TestServer_GoesOnWithoutThePageWhereTheDefaultAddressIsTaken(t *testing.T) {
	g := NewWithT(t)
	taken, err := net.Listen("tcp", DefaultBindAddress)
	if err == nil {
		defer taken.Close()
	}
	s := newSite(t)
	var logged string
	o := s.server.options
	o.BindAddress, o.Log = DefaultBindAddress, funcr.New(func(_, args string) { logged += args }, funcr.Options{})
	g.Expect(New(o).Start(t.Context())).To(Succeed())
	g.Expect(logged).To(ContainSubstring("the fleet page is not served"))

	other, err := net.Listen("tcp", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer other.Close()
	o.BindAddress = other.Addr().String()
	g.Expect(New(o).Start(t.Context())).To(MatchError(ContainSubstring("address already in use")), "it was asked for")
}

func TestServer_EndsWithItsContext(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	o := s.server.options
	o.BindAddress = "127.0.0.1:0"
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(o).Start(ctx) }()
	cancel()
	g.Eventually(ended, "10s").Should(Receive(BeNil()))
}

func TestServer_AsksWhoLooksOnAnyOtherAddress(t *testing.T) {
	g := NewWithT(t)
	s := filled(t)
	var asked *http.Request
	s.server.options.Authorize = func(next http.Handler) (http.Handler, error) {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if asked = r; r.Header.Get("Authorization") != "Bearer good" {
				http.Error(w, "no", http.StatusUnauthorized)
				return
			}
			next.ServeHTTP(w, r)
		}), nil
	}
	handler, err := s.server.guarded(false)
	g.Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(handler)
	server.StartTLS()
	defer server.Close()
	get := func(method, path, token string) *http.Response {
		request, err := http.NewRequest(method, server.URL+path, http.NoBody)
		g.Expect(err).NotTo(HaveOccurred())
		request.Host = "fleet.example.com"
		if token != "" {
			request.Header.Set("Authorization", "Bearer "+token)
		}
		response, err := server.Client().Do(request)
		g.Expect(err).NotTo(HaveOccurred())
		defer response.Body.Close()
		return response
	}
	for _, path := range []string{"/", "/api/v1/", commit, "/static/page.js", "/nowhere"} {
		g.Expect(get(http.MethodGet, path, "").StatusCode).To(Equal(http.StatusUnauthorized), path)
		g.Expect(get(http.MethodGet, path, "bad").StatusCode).To(Equal(http.StatusUnauthorized), path)
		g.Expect(asked.URL.Path).To(Equal("/fleet"), "one right for all pages")
	}
	g.Expect(get(http.MethodGet, "/api/v1"+commit, "good").StatusCode).To(Equal(http.StatusOK))
	g.Expect(get(http.MethodGet, "/nowhere", "good").StatusCode).To(Equal(http.StatusNotFound))
	g.Expect(get(http.MethodPost, "/", "good").StatusCode).To(Equal(http.StatusMethodNotAllowed))
	g.Expect(get(http.MethodPost, "/", "").StatusCode).To(Equal(http.StatusUnauthorized), "the method tells nothing to strangers")
	g.Expect(get(http.MethodGet, "/", "").Header.Get("Content-Security-Policy")).To(HavePrefix("default-src 'self'"))
}

func TestServer_SpeaksTLSOnAnyOtherAddress(t *testing.T) {
	g := NewWithT(t)
	s := newSite(t)
	o := s.server.options
	o.BindAddress, o.Log = "0.0.0.0:0", logr.Discard()
	var address string
	o.Log = funcr.New(func(_, args string) { address = args }, funcr.Options{})
	o.Authorize = func(next http.Handler) (http.Handler, error) { return next, nil }
	made := make(chan struct{})
	o.TLS = func() (*tls.Config, error) {
		defer close(made)
		server := httptest.NewUnstartedServer(http.NotFoundHandler())
		server.StartTLS()
		defer server.Close()
		return &tls.Config{Certificates: server.TLS.Certificates}, nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- New(o).Start(ctx) }()
	g.Eventually(made, 10*time.Second).Should(BeClosed())
	cancel()
	g.Eventually(ended, "10s").Should(Receive(BeNil()))
	g.Expect(address).To(ContainSubstring(`"secure"=true`))
}
