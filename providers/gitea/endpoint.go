package gitea

import (
	"net"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// apiPath is where the root of Gitea's API is.
const apiPath = "/api/v1"

// endpoint returns the root of the API with a slash at its end. The URL is
// checked again although the CRD does it: a credential is going to be sent there.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.Gitea == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea is not set")
	}
	u, err := url.Parse(string(spec.Gitea.APIURL))
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea.apiURL is not a URL")
	}
	u.Host = strings.ToLower(u.Host)
	u.RawPath = ""
	u.Path = strings.TrimRight(u.Path, "/")
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea.apiURL must have no user, query or fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.gitea.apiURL must be an https URL (http on the loopback interface only)")
	case !strings.HasSuffix(u.Path, apiPath):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea.apiURL must end in %s, where Gitea's API is", apiPath)
	}
	u.Path += "/"
	return u, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// webHost is the host of the web pages that belong to an API.
func webHost(api *url.URL) string {
	host := api.Hostname()
	if strings.Contains(host, ":") {
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
			"%q is not a repository of Gitea, which is owner/name", repository)
	}
	return url.PathEscape(owner), url.PathEscape(name), nil
}

// segment reports whether s stays one segment of a path: dots would climb out.
func segment(s string) bool { return s != "" && s != "." && s != ".." }
