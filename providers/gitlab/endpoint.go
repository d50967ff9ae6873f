package gitlab

import (
	"cmp"
	"net/url"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const defaultAPI = "https://gitlab.com/api/v4"

// endpoint returns the root of the API.
func endpoint(spec v1alpha1.ScmProviderSpec) (*url.URL, error) {
	if spec.GitLab == nil {
		return nil, providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitlab is not set")
	}
	return providers.Endpoint(kindName, cmp.Or(string(spec.GitLab.APIURL), defaultAPI))
}

// webRoot is the host of the web pages that belong to an API, with the path of their root.
func webRoot(api *url.URL) string { return providers.WebRoot(api.Hostname(), api, "/api/v4") }

// checkPath refuses what is no path of a project.
func checkPath(repository string) error {
	parts := strings.Split(repository, "/")
	if len(parts) < 2 || slices.ContainsFunc(parts, func(part string) bool { return !providers.Segment(part) }) {
		return providers.Errorf(v1alpha1.ReasonInvalid, "%q is not a project of GitLab, which is group/project", repository)
	}
	return nil
}
