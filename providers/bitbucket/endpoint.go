package bitbucket

import (
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// endpoint returns the root of the API with a slash at its end.
func (s *service) endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	text, set := s.apiURL(spec)
	if !set {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s is not set", s.name)
	}
	u, err := providers.Endpoint(s.name, text)
	switch {
	case err != nil:
		return nil, err
	case u.Hostname() == cloudHost || u.Hostname() == "www."+cloudHost:
		return nil, providers.Errorf(v1alpha1.ReasonInvalid,
			"spec.%s.apiURL is the address of web pages: the API of %s is at %s", s.name, cloudHost, cloudAPI)
	case !s.root.MatchString(u.Path):
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.%s.apiURL must end in %s, where the API is", s.name, s.wants)
	}
	u.Path += "/"
	return u, nil
}

// webRoot is the host of the web pages that belong to an API, with the path of their root.
func (s *service) webRoot(api *url.URL) string {
	host := api.Hostname()
	if host == cloudAPIHost {
		host = cloudHost
	}
	return providers.WebRoot(host, api, s.root.FindString(strings.TrimRight(api.Path, "/")))
}

// split parts a repository's path into two, escaped for a URL's path.
func (s *service) split(repository string) (owner, name string, err error) {
	return providers.Split(repository, s.title, s.repository)
}
