package why

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/hub/web/forward"
)

// requestLimit bounds each request to the fleet page.
const requestLimit = 30 * time.Second

// Server is a fleet page that is reached by its address.
type Server struct {
	// URL is the address, http or https.
	URL string
	// TokenFile has a bearer token, and CAFile certificates that are trusted beside the system's; each
	// may be "".
	TokenFile, CAFile string
}

// Client returns a client of the server. A token goes over TLS, or to this machine.
func (s Server) Client() (Client, error) {
	base, err := s.base()
	if err != nil {
		return Client{}, err
	}
	token, err := Token(s.TokenFile)
	if err != nil {
		return Client{}, err
	}
	if token != "" && base.Scheme == "http" && !forward.Loopback(base.Hostname()) {
		return Client{}, fmt.Errorf("a token is not sent to %s without TLS: use https", base.Host)
	}
	roots, err := s.roots()
	if err != nil {
		return Client{}, err
	}
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
	}
	return Client{HTTP: NewHTTP(transport), Base: strings.TrimSuffix(base.String(), "/"), Token: token}, nil
}

// NewHTTP returns an HTTP client of a fleet page. It follows no redirect, so that a token stays where
// it was meant for.
func NewHTTP(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport, Timeout: requestLimit,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// base reads the address.
func (s Server) base() (*url.URL, error) {
	u, err := url.Parse(s.URL)
	switch {
	case err != nil:
		return nil, errors.New("--server is not an address")
	case u.Scheme != "http" && u.Scheme != "https" || u.Host == "":
		return nil, fmt.Errorf("--server is the address of a fleet page, such as https://hub.example.com, not %q", u.Redacted())
	case u.User != nil:
		return nil, errors.New("--server has no user and no password: --token-file names a file with a token")
	case u.RawQuery != "" || u.Fragment != "":
		return nil, errors.New("--server is the address of a fleet page, without a query")
	}
	return u, nil
}

// Token reads a bearer token from a file; none from "".
func Token(file string) (string, error) {
	if file == "" {
		return "", nil
	}
	content, err := os.ReadFile(file) //nolint:gosec // the person names the file
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := strings.TrimSpace(string(content))
	if token == "" || strings.ContainsAny(token, "\r\n") {
		return "", fmt.Errorf("the file %s holds no token", file)
	}
	return token, nil
}

func (s Server) roots() (*x509.CertPool, error) {
	if s.CAFile == "" {
		return nil, nil
	}
	content, err := os.ReadFile(s.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the certificates: %w", err)
	}
	roots, err := x509.SystemCertPool()
	if err != nil {
		roots = x509.NewCertPool()
	}
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("the file %s holds no certificate", s.CAFile)
	}
	return roots, nil
}
