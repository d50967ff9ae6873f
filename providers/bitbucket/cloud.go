package bitbucket

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// perPage is the most that Cloud lists on a page.
	perPage = "100"
	// maxPages ends a list: 5000 build statuses of one commit.
	maxPages = 50
)

// cloudClient speaks to one repository of Bitbucket Cloud.
type cloudClient struct {
	base
	// root is the repository's place in the API, escaped.
	root string
}

var _ providers.Client = (*cloudClient)(nil)

// Create makes a build status, in one request. What it returns has the phase that
// was asked for, where Bitbucket shows several alike.
func (c *cloudClient) Create(ctx context.Context, at providers.Target, want providers.Status) (providers.Shown, error) {
	return c.write(ctx, opCreate, at, want)
}

// Update changes the build status that has the name's key, in one request.
func (c *cloudClient) Update(ctx context.Context, at providers.Target, _ providers.Shown, want providers.Status) (providers.Shown, error) {
	return c.write(ctx, opUpdate, at, want)
}

func (c *cloudClient) write(ctx context.Context, operation string, at providers.Target, want providers.Status) (providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	sent, err := c.build(at, want)
	if err != nil {
		return providers.Shown{}, err
	}
	q := c.question(operation, at.SHA)
	var made build
	err = c.account.do(ctx, call{
		question: q, method: http.MethodPost, path: c.statuses(at.SHA) + "/build",
		body: sent, status: []int{http.StatusCreated, http.StatusOK}, into: &made,
	})
	if err != nil {
		return providers.Shown{}, providers.AsError(err).Today(c.repository, func() (string, error) { return c.Path(ctx) })
	}
	if made.Key != sent.Key || made.State == "" {
		return providers.Shown{}, c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	return c.written(made, want.Phase), nil
}

// Find returns the build status that has the name's key, in one request. Where that
// is not there it is nil, whether the commit is or not.
func (c *cloudClient) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q, key := c.question(opGet, at.SHA), keyOf(at.Name)
	var found build
	err := c.account.do(ctx, call{
		question: q, method: http.MethodGet, path: c.statuses(at.SHA) + "/build/" + url.PathEscape(key),
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
func (c *cloudClient) List(ctx context.Context, at providers.Commit, _ string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := c.question(opList, at.SHA)
	statuses := map[string]providers.Listed{}
	path := c.statuses(at.SHA) + "?pagelen=" + perPage
	for range maxPages {
		var page struct {
			Values providers.Page[build] `json:"values"`
			Next   string                `json:"next"`
		}
		err := c.account.do(ctx, call{question: q, method: http.MethodGet, path: path, status: []int{http.StatusOK}, into: &page})
		if err != nil {
			return providers.Listing{}, err
		}
		if page.Values == nil {
			return providers.Listing{}, c.account.failed(q, true, providers.ErrNotUnderstood)
		}
		for _, s := range page.Values {
			c.listed(statuses, s)
		}
		if page.Next == "" {
			return providers.Listing{Statuses: statuses}, nil
		}
		// The credential goes along: never to where an answer leads, but below the API.
		next, ok := strings.CutPrefix(page.Next, c.account.api.String())
		if !ok {
			return providers.Listing{}, c.account.failed(q, true, providers.ErrNotUnderstood)
		}
		path = next
	}
	return providers.Listing{}, c.account.tooMany()
}

// Path returns the full name that the repository has today, in one request.
func (c *cloudClient) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	q := c.question(opPath, "")
	var today struct {
		FullName string `json:"full_name"`
	}
	err := c.account.do(ctx, call{question: q, method: http.MethodGet, path: c.root, status: []int{http.StatusOK}, into: &today})
	if err != nil {
		return "", err
	}
	if strings.Count(today.FullName, "/") != 1 {
		return "", c.account.failed(q, true, providers.ErrNotUnderstood)
	}
	return today.FullName, nil
}

// statuses is the place of a commit's statuses in the API.
func (c *cloudClient) statuses(sha string) string {
	return c.root + "/commit/" + url.PathEscape(sha) + "/statuses"
}

// tooMany is a list that does not end.
func (a *account) tooMany() error {
	return providers.Errorf(v1alpha1.ReasonUnavailable, "%s lists more than %d pages of build statuses of one commit", a.host, maxPages)
}
