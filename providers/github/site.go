package github

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	gh "github.com/google/go-github/v62/github"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// userAgent tells GitHub who asks, which its API demands.
	userAgent = "commit-status-hub"

	// apiVersion is the version of the API that every request names, as go-github does for
	// those that it makes (GitHub docs, "API Versions").
	apiVersion       = "2022-11-28"
	apiVersionHeader = "X-GitHub-Api-Version"

	// perPage is the most that GitHub lists on a page.
	perPage = 100
	// maxPages ends a list: GitHub keeps 1000 runs of a name in a suite, and 1000
	// statuses of a name on a commit, and there are few such names.
	maxPages = 50
)

// errUnchanged is GitHub's answer that nothing changed since a tag.
var errUnchanged = errors.New("unchanged")

// site is a GitHub that a ScmProvider speaks to, as whomever.
type site struct {
	// name is the ScmProvider's.
	name          string
	api           *url.URL
	host          string
	limits        ratelimit.Limits
	installations *ratelimit.Installations
	clock         clock.PassiveClock
}

func newSite(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL) site {
	host := webRoot(api)
	return site{
		name:          provider.Name,
		api:           api,
		host:          host,
		limits:        ratelimit.Defaults(host).With(provider.Spec.RateLimit),
		installations: k.installations,
		clock:         k.clock,
	}
}

// newClient makes a client that speaks to the site's API.
func (s *site) newClient(rt http.RoundTripper) *gh.Client {
	api := gh.NewClient(&http.Client{Transport: &recorder{next: rt}, CheckRedirect: sameHostOnly})
	root := *s.api
	api.BaseURL = &root
	api.UserAgent = userAgent
	return api
}

// get reads what is at a path, in the one request that ctx and at were begun for. It
// is not one of go-github's own calls, which cannot ask whether something changed: it
// fails with errUnchanged where nothing did since tag.
func (s *site) get(ctx context.Context, at *attempt, api *gh.Client, path, tag string, into any) (*gh.Response, error) {
	req, err := api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, s.failed(at, err)
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := api.Do(ctx, req, into)
	if tag != "" && at.status == http.StatusNotModified {
		return nil, errUnchanged
	}
	if err != nil {
		return nil, s.failed(at, err)
	}
	return resp, nil
}

// send makes the one request of a write. It is not one of go-github's own calls, which
// decode all that an answer holds.
func (s *site) send(ctx context.Context, api *gh.Client, method, path string, body, into any) error {
	req, err := api.NewRequest(method, path, body)
	if err != nil {
		return err
	}
	_, err = api.Do(ctx, req, into)
	return err
}

// pages reads all pages of a list of what, until done. Where that is one page it
// returns its tag: the tag of a page says nothing of the pages after it.
func (s *site) pages(tag, what string, read func(page int, tag string) (_ *gh.Response, done bool, _ error)) (string, error) {
	for page := 1; page <= maxPages; {
		resp, done, err := read(page, tag)
		switch {
		case err != nil:
			return "", err
		case !done && resp.NextPage > page:
			page, tag = resp.NextPage, ""
		case page == 1 && !done:
			return resp.Header.Get("ETag"), nil
		default:
			return "", nil
		}
	}
	return "", providers.Errorf(v1alpha1.ReasonUnavailable,
		"%s lists more than %d pages of %s of one commit", s.host, maxPages, what)
}
