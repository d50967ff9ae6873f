package github

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const defaultAPI = "https://api.github.com"

// endpoint returns the root of the API with a slash at its end.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.GitHub == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.github is not set")
	}
	u, err := providers.Endpoint(kindName, cmp.Or(string(spec.GitHub.APIURL), defaultAPI))
	if err != nil {
		return nil, err
	}
	if u.Hostname() == "github.com" || u.Hostname() == "www.github.com" {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.github.apiURL is the address of web pages: the API of github.com is at %s", defaultAPI)
	}
	u.Path += "/"
	return u, nil
}

// serverPath is where GitHub Enterprise Server has its API.
const serverPath = "/api/v3"

// webRoot is the host of the web pages that belong to an API, with the path of their root.
func webRoot(api *url.URL) string {
	host := api.Hostname()
	if ofCloud(host) {
		host = strings.TrimPrefix(host, "api.")
	}
	return providers.WebRoot(host, api, serverPath)
}

// ofCloud reports whether a host has the API of github.com, or of GitHub Enterprise Cloud.
func ofCloud(host string) bool {
	return host == "api.github.com" || strings.HasPrefix(host, "api.") && strings.HasSuffix(host, ".ghe.com")
}

// rootless reports whether an API is neither github.com's nor at the path where GitHub
// Enterprise Server has it.
func (s *site) rootless() bool {
	return !ofCloud(s.api.Hostname()) && !strings.HasSuffix(s.api.Path, serverPath+"/")
}

// split parts a repository's path into owner and name, escaped for a URL's path.
func split(repository string) (owner, name string, err error) {
	return providers.Split(repository, "GitHub", "owner/name")
}
