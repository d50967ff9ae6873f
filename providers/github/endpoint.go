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

// webHost is the host of the web pages that belong to an API.
func webHost(api *url.URL) string {
	host := api.Hostname()
	if host == "api.github.com" || strings.HasPrefix(host, "api.") && strings.HasSuffix(host, ".ghe.com") {
		host = strings.TrimPrefix(host, "api.")
	}
	return providers.WebHost(host, api.Port())
}

// rootless reports whether an API is neither github.com's nor at the path where GitHub
// Enterprise Server has it.
func (s *site) rootless() bool {
	return webHost(s.api) == providers.WebHost(s.api.Hostname(), s.api.Port()) && !strings.HasSuffix(s.api.Path, "/api/v3/")
}

// split parts a repository's path into owner and name, escaped for a URL's path.
func split(repository string) (owner, name string, err error) {
	return providers.Split(repository, "GitHub", "owner/name")
}
