package why

import (
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/argoproj-labs/commit-status-hub/hub/web"
)

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	NewWithT(t).Expect(os.WriteFile(name, []byte(content), 0o600)).To(Succeed())
	return name
}

// caFile returns a file with the certificate of a TLS server.
func caFile(t *testing.T, server *httptest.Server) string {
	return file(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
}

func TestServer_SendsATokenOverTLS(t *testing.T) {
	g := NewWithT(t)
	f := &fleet{token: "s3cret", pages: map[string]web.CommitPage{shop + "/" + sha: page(shop, sha)}}
	server := httptest.NewTLSServer(http.StripPrefix("/hub", f))
	defer server.Close()
	client, err := Server{URL: server.URL + "/hub/", TokenFile: file(t, "s3cret\n"), CAFile: caFile(t, server)}.Client()
	g.Expect(err).NotTo(HaveOccurred())
	answer, err := client.Find(t.Context(), Target{Repo: shop, SHA: sha})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(answer.Page.Repo).To(Equal(shop))

	client, err = Server{URL: server.URL, TokenFile: file(t, "s3cret")}.Client()
	g.Expect(err).NotTo(HaveOccurred())
	_, err = client.Find(t.Context(), Target{Repo: shop, SHA: sha})
	g.Expect(err).To(MatchError(ContainSubstring("certificate")), "a certificate of nobody's")
}

func TestServer_SendsATokenWithoutTLSToThisMachineOnly(t *testing.T) {
	g := NewWithT(t)
	token := file(t, "s3cret")
	for _, url := range []string{"http://127.0.0.1:8082", "http://[::1]:8082", "http://localhost:8082"} {
		_, err := Server{URL: url, TokenFile: token}.Client()
		g.Expect(err).NotTo(HaveOccurred(), url)
	}
	for _, url := range []string{"http://10.0.0.7:8082", "http://hub.example.com", "http://localhost.example.com"} {
		_, err := Server{URL: url, TokenFile: token}.Client()
		g.Expect(err).To(MatchError(And(ContainSubstring("use https"), Not(ContainSubstring("s3cret")))), url)
		_, err = Server{URL: url}.Client()
		g.Expect(err).NotTo(HaveOccurred(), "without a token there is nothing to keep")
	}
}

func TestServer_RefusesWhatIsNoAddressOrNoFile(t *testing.T) {
	for name, c := range map[string]struct {
		server Server
		want   string
	}{
		"no scheme":      {Server{URL: "hub.example.com"}, "--server is the address"},
		"another scheme": {Server{URL: "ftp://hub.example.com"}, "--server is the address"},
		"a password":     {Server{URL: "https://me:hunter2@hub.example.com"}, "no user and no password"},
		"a query":        {Server{URL: "https://hub.example.com?x=y"}, "without a query"},
		"not parsable":   {Server{URL: "https://hub:x"}, "not an address"},
		"no token file":  {Server{URL: "https://hub", TokenFile: "/nowhere"}, "reading the token"},
		"an empty token": {Server{URL: "https://hub", TokenFile: file(t, " \n")}, "holds no token"},
		"two tokens":     {Server{URL: "https://hub", TokenFile: file(t, "hunter2\nhunter2")}, "holds no token"},
		"no CA file":     {Server{URL: "https://hub", CAFile: "/nowhere"}, "reading the certificates"},
		"no certificate": {Server{URL: "https://hub", CAFile: file(t, "hunter2")}, "holds no certificate"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.server.Client()
			NewWithT(t).Expect(err).To(MatchError(And(ContainSubstring(c.want), Not(ContainSubstring("hunter2")))))
		})
	}
}

func TestClient_FollowsNoRedirect(t *testing.T) {
	g := NewWithT(t)
	reached := false
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusFound))
	defer server.Close()
	_, err := Client{HTTP: NewHTTP(server.Client().Transport), Base: server.URL, Token: "s3cret"}.Find(t.Context(), Target{SHA: sha})
	g.Expect(err).To(MatchError(ContainSubstring("redirects to")))
	g.Expect(reached).To(BeFalse())
}

func TestClient_SaysWhyAnAnswerIsOfNoUse(t *testing.T) {
	for name, c := range map[string]struct {
		code int
		body string
		want string
	}{
		"no token":       {http.StatusUnauthorized, "Unauthorized", "--token-file"},
		"no right":       {http.StatusForbidden, "Forbidden", "/fleet"},
		"a web page":     {http.StatusOK, "<html>", "what answers is not the hub's"},
		"another server": {http.StatusNotFound, "404 page not found", "what answers is not the hub's"},
		"a failure":      {http.StatusServiceUnavailable, `{"error": "The hub's own cluster does not answer."}`, "503 Service Unavailable: The hub's own cluster does not answer."},
		"a bad gateway":  {http.StatusBadGateway, "oops", "answers 502 Bad Gateway"},
		"not a page":     {http.StatusOK, `{"names": 7}`, "decoding"},
		"not an object":  {http.StatusOK, `[]`, "decoding"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/api/v1/search" && c.want == "decoding" {
					answer(w, http.StatusOK, web.SearchPage{})
					return
				}
				w.WriteHeader(c.code)
				_, _ = w.Write([]byte(c.body))
			}))
			defer server.Close()
			_, err := Client{HTTP: NewHTTP(server.Client().Transport), Base: server.URL}.Find(t.Context(), Target{Repo: shop, SHA: sha})
			NewWithT(t).Expect(err).To(MatchError(ContainSubstring(c.want)))
		})
	}
}

func TestClient_ReadsNoMoreThanAPageHas(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		part := make([]byte, 1<<20)
		for range maxAnswer>>20 + 1 {
			if _, err := w.Write(part); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	_, err := Client{HTTP: NewHTTP(server.Client().Transport), Base: server.URL}.Find(t.Context(), Target{SHA: sha})
	NewWithT(t).Expect(err).To(MatchError(ContainSubstring("more than 64 MiB")))
}
