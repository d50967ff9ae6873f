package bitbucket

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// buildStatusAPI is the older API, beside the one that is configured. It is the only
// one that lists: the newer one wants a key. It knows commits, and no repositories,
// so it shows what was written to a fork as well.
const buildStatusAPI = "../../build-status/latest/commits"

// centerClient speaks to one repository of Bitbucket Data Center.
type centerClient struct {
	base
	// root is the repository's place in the API, escaped.
	root string
}

var _ providers.Client = (*centerClient)(nil)

// Create makes a build status, in one request. The answer is empty; what it returns
// is what was sent.
func (c *centerClient) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	return c.write(ctx, opCreate, at, want)
}

// Update changes the build status that has the name's key, in one request.
func (c *centerClient) Update(ctx context.Context, at providers.Target, _ providers.Shown, want providers.Status) (providers.Shown, error) {
	return c.write(ctx, opUpdate, at, want)
}

func (c *centerClient) write(ctx context.Context, operation string, at providers.Target, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	sent, err := c.build(at, want)
	if err != nil {
		return providers.Shown{}, err
	}
	err = c.account.do(ctx, call{
		question: c.question(operation, at.SHA), method: http.MethodPost, path: c.builds(at.SHA),
		body: sent, status: []int{http.StatusNoContent},
	})
	if err != nil {
		return providers.Shown{}, providers.AsError(err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	return c.written(sent, want.Phase), nil
}

// Find returns the build status that has the name's key, in one request.
func (c *centerClient) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q, key := c.question(opGet, at.SHA), keyOf(at.Name)
	var found build
	err := c.account.do(ctx, call{
		question: q, method: http.MethodGet, path: c.builds(at.SHA) + "?" + url.Values{"key": {key}}.Encode(),
		status: []int{http.StatusOK}, into: &found,
	})
	switch {
	case isNoBuild(err):
		return nil, nil
	case err != nil:
		return nil, err
	case found.Key != key || found.State == "":
		return nil, c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	shown := c.shownBy(found)
	return &shown, nil
}

// List returns the build statuses of a commit, in one request for each page. There
// are no tags.
func (c *centerClient) List(ctx context.Context, at providers.Commit, _ string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := c.question(opList, at.SHA)
	statuses := map[string]providers.Listed{}
	address := c.account.api.JoinPath(buildStatusAPI).String() + "/" + url.PathEscape(at.SHA)
	for start, n := 0, 0; n < maxPages; n++ {
		var page struct {
			Values        providers.Page[build] `json:"values"`
			IsLastPage    *bool                 `json:"isLastPage"`
			NextPageStart int                   `json:"nextPageStart"`
		}
		query := url.Values{"limit": {perPage}, "start": {strconv.Itoa(start)}}
		err := c.account.do(ctx, call{
			question: q, method: http.MethodGet, address: address + "?" + query.Encode(),
			status: []int{http.StatusOK}, into: &page,
		})
		if err != nil {
			return providers.Listing{}, err
		}
		last := page.IsLastPage != nil && *page.IsLastPage
		if page.Values == nil || page.IsLastPage == nil || !last && page.NextPageStart <= start {
			return providers.Listing{}, c.account.failed(q, true, providers.ErrNotUnderstood)
		}
		for _, s := range page.Values {
			c.listed(statuses, s)
		}
		if last {
			return providers.Listing{Loose: true, Statuses: statuses}, nil
		}
		start = page.NextPageStart
	}
	return providers.Listing{}, c.account.tooMany()
}

// Path returns the path that the repository has today, in one request.
func (c *centerClient) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := c.question(opPath, "")
	var today struct {
		Slug    string `json:"slug"`
		Project struct {
			Key string `json:"key"`
		} `json:"project"`
	}
	err := c.account.do(ctx, call{question: q, method: http.MethodGet, path: c.root, status: []int{http.StatusOK}, into: &today})
	if err != nil {
		return "", err
	}
	if today.Slug == "" || today.Project.Key == "" {
		return "", c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	return today.Project.Key + "/" + today.Slug, nil
}

// builds is the place of a commit's build statuses in the API.
func (c *centerClient) builds(sha string) string {
	return c.root + "/commits/" + url.PathEscape(sha) + "/builds"
}
