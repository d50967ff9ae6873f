package bitbucket

import (
	"net/url"
	"regexp"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// service is one of the two Bitbuckets, and in what it differs from the other.
type service struct {
	// name is the field of a ScmProviderSpec that selects it, and its name in metrics.
	name, title string
	// canceled is the state that shows it.
	canceled string
	// maxURL is the longest URL, 0 for any.
	maxURL int
	// basic reports whether a Secret may hold a username beside the token.
	basic bool
	// repository says what a repository's path is.
	repository string

	// apiURL is the root of the API as it is configured. set is false where the spec
	// is not for this service.
	apiURL func(v1alpha1.ScmProviderSpec) (text string, set bool)
	// root is what the API's path has to end in, and wants says so.
	root  *regexp.Regexp
	wants string
	// open makes a client for a repository, whose parts are escaped.
	open func(base, string, string) providers.Client
	// handle holds a key.
	handle func(*v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle
	// handleOf is the handle that was held.
	handleOf func(v1alpha1.ProviderHandle) *v1alpha1.BitbucketHandle
}

const (
	cloudHost    = "bitbucket.org"
	cloudAPIHost = "api.bitbucket.org"
	cloudAPI     = "https://api.bitbucket.org/2.0"
)

var cloud = &service{
	name:       "bitbucketCloud",
	title:      "Bitbucket Cloud",
	canceled:   "STOPPED",
	basic:      true,
	repository: "workspace/slug",
	apiURL: func(spec v1alpha1.ScmProviderSpec) (string, bool) {
		if spec.BitbucketCloud == nil {
			return "", false
		}
		if spec.BitbucketCloud.APIURL == "" {
			return cloudAPI, true
		}
		return string(spec.BitbucketCloud.APIURL), true
	},
	root:  regexp.MustCompile(`/2\.0$`),
	wants: "/2.0",
	open: func(b base, workspace, slug string) providers.Client {
		return &cloudClient{base: b, root: "repositories/" + workspace + "/" + slug}
	},
	handle: func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
		return v1alpha1.ProviderHandle{BitbucketCloud: h}
	},
	handleOf: func(h v1alpha1.ProviderHandle) *v1alpha1.BitbucketHandle { return h.BitbucketCloud },
}

var center = &service{
	name:     "bitbucketDataCenter",
	title:    "Bitbucket Data Center",
	canceled: "CANCELLED",
	// Not in the REST documentation; the Java API's BuildStatus has it.
	maxURL:     450,
	repository: "PROJECT/slug",
	apiURL: func(spec v1alpha1.ScmProviderSpec) (string, bool) {
		if spec.BitbucketDataCenter == nil {
			return "", false
		}
		return string(spec.BitbucketDataCenter.APIURL), true
	},
	root:  regexp.MustCompile(`/rest/api/(latest|[0-9.]+)$`),
	wants: "/rest/api/latest",
	open: func(b base, project, slug string) providers.Client {
		return &centerClient{base: b, root: "projects/" + project + "/repos/" + slug}
	},
	handle: func(h *v1alpha1.BitbucketHandle) v1alpha1.ProviderHandle {
		return v1alpha1.ProviderHandle{BitbucketDataCenter: h}
	},
	handleOf: func(h v1alpha1.ProviderHandle) *v1alpha1.BitbucketHandle { return h.BitbucketDataCenter },
}

// pages is the root of the web pages that belong to an API.
func (s *service) pages(api *url.URL) string {
	web := *api
	if web.Host == cloudAPIHost {
		web.Host = cloudHost
	}
	web.Path = s.root.ReplaceAllString(strings.TrimSuffix(web.Path, "/"), "")
	return web.String() + "/"
}
