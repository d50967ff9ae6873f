package github

import (
	"net"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const defaultAPI = "https://api.github.com"

// endpoint returns the root of the API with a slash at its end. The URL is
// checked again although the CRD does it: a credential is going to be sent there.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.GitHub == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.github is not set")
	}
	text := string(spec.GitHub.APIURL)
	if text == "" {
		text = defaultAPI
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.github.apiURL is not a URL")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.github.apiURL must have no user, query or fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.github.apiURL must be an https URL (http on the loopback interface only)")
	case u.Hostname() == "github.com" || u.Hostname() == "www.github.com":
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.github.apiURL is the address of web pages: the API of github.com is at %s", defaultAPI)
	}
	u.RawPath = ""
	u.Path = strings.TrimRight(u.Path, "/") + "/"
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// webHost is the host of the web pages that belong to an API.
func webHost(api *url.URL) string {
	host := api.Hostname()
	switch {
	case host == "api.github.com", strings.HasPrefix(host, "api.") && strings.HasSuffix(host, ".ghe.com"):
		host = strings.TrimPrefix(host, "api.")
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	if port := api.Port(); port != "" && port != "443" {
		return host + ":" + port
	}
	return host
}

// split parts a repository's path into owner and name, escaped for a URL's path.
func split(repository string) (owner, name string, err error) {
	owner, name, ok := strings.Cut(repository, "/")
	if !ok || strings.Contains(name, "/") || !segment(owner) || !segment(name) {
		return "", "", providers.Errorf(v1alpha1.ReasonInvalid,
			"%q is not a repository of GitHub, which is owner/name", repository)
	}
	return url.PathEscape(owner), url.PathEscape(name), nil
}

// segment reports whether s stays one segment of a path: dots would climb out.
func segment(s string) bool { return s != "" && s != "." && s != ".." }
