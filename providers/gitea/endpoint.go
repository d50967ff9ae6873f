package gitea

import (
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// apiPath is where the root of Gitea's API is.
const apiPath = "/api/v1"

// endpoint returns the root of the API with a slash at its end.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.Gitea == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea is not set")
	}
	u, err := providers.Endpoint(kindName, string(spec.Gitea.APIURL))
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(u.Path, apiPath) {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitea.apiURL must end in %s, where Gitea's API is", apiPath)
	}
	u.Path += "/"
	return u, nil
}

// webRoot is the host of the web pages that belong to an API, with the path of their root.
func webRoot(api *url.URL) string { return providers.WebRoot(api.Hostname(), api, apiPath) }

// split parts a repository's path into owner and name, escaped for a URL's path.
func split(repository string) (owner, name string, err error) {
	return providers.Split(repository, "Gitea", "owner/name")
}
