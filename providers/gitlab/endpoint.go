package gitlab

import (
	"net"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const defaultAPI = "https://gitlab.com/api/v4"

// endpoint returns the root of the API. The URL is checked again although the CRD
// does it: a credential is going to be sent there.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.GitLab == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitlab is not set")
	}
	text := string(spec.GitLab.APIURL)
	if text == "" {
		text = defaultAPI
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitlab.apiURL is not a URL")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitlab.apiURL must have no user, query or fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.gitlab.apiURL must be an https URL (http on the loopback interface only)")
	}
	u.RawPath = ""
	u.Path = strings.TrimRight(u.Path, "/")
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

// checkPath refuses what is no path of a project.
func checkPath(repository string) error {
	parts := strings.Split(repository, "/")
	bad := len(parts) < 2
	for _, part := range parts {
		// Dots would climb out of the path of the API.
		bad = bad || part == "" || part == "." || part == ".."
	}
	if bad {
		return providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a project of GitLab, which is group/project", repository)
	}
	return nil
}
