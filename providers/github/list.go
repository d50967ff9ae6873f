package github

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// perPage is the most that GitHub lists on a page.
	perPage = 100
	// maxPages ends a list: GitHub keeps 1000 runs of a name in a suite, and a
	// commit has few suites of one App.
	maxPages = 50
)

// errUnchanged is GitHub's answer that nothing changed since a tag.
var errUnchanged = errors.New("unchanged")

// List returns the newest check run of each name that this App made on a commit,
// in one request for each page. Where nothing changed since tag, GitHub says so
// without counting the request, as long as the installation's token is the same.
func (c *client) List(ctx context.Context, at providers.Commit, tag string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	newest := map[string]*gh.CheckRun{}
	now, err := c.scan(ctx, at.SHA, url.Values{"filter": {"latest"}}, tag, func(run *gh.CheckRun) {
		if name := run.GetName(); run.GetID() > newest[name].GetID() {
			newest[name] = run
		}
	})
	switch {
	case errors.Is(err, errUnchanged):
		return providers.Listing{Tag: tag, Unchanged: true}, nil
	case err != nil:
		return providers.Listing{}, err
	}
	statuses := make(map[string]providers.Listed, len(newest))
	for name, run := range newest {
		statuses[name] = providers.Listed{Shown: shownBy(run), ExternalID: run.GetExternalID()}
	}
	return providers.Listing{Tag: now, Marked: true, Statuses: statuses}, nil
}

// scan shows see every run that this App made on a commit and that fits query.
// Where that is one page it returns its tag: the tag of a page says nothing of the
// pages after it. It fails with errUnchanged where nothing changed since tag.
func (c *client) scan(ctx context.Context, sha string, query url.Values, tag string, see func(*gh.CheckRun)) (string, error) {
	query.Set("app_id", strconv.FormatInt(c.account.appID, 10))
	query.Set("per_page", strconv.Itoa(perPage))
	for page := 1; page <= maxPages; {
		query.Set("page", strconv.Itoa(page))
		runs, resp, err := c.page(ctx, sha, query, tag)
		if err != nil {
			return "", err
		}
		for _, run := range runs {
			if madeBy(c.account.appID, run, sha) {
				see(run)
			}
		}
		switch {
		case resp.NextPage > page:
			page, tag = resp.NextPage, ""
		case page == 1:
			return resp.Header.Get("ETag"), nil
		default:
			return "", nil
		}
	}
	return "", providers.Errorf(v1alpha1.ReasonUnavailable,
		"%s lists more than %d pages of check runs of one commit", c.account.host, maxPages)
}

// page reads one page of a commit's runs, in one request. It is not go-github's
// own call, which cannot ask whether something changed.
func (c *client) page(ctx context.Context, sha string, query url.Values, tag string) ([]*gh.CheckRun, *gh.Response, error) {
	ctx, attempt := c.begin(ctx, question{operation: opList, sha: sha})
	path := fmt.Sprintf("repos/%s/%s/commits/%s/check-runs?%s", c.owner, c.name, url.PathEscape(sha), query.Encode())
	req, err := c.api.NewRequest(http.MethodGet, path, nil)
	if err != nil {
		return nil, nil, c.account.failed(attempt, err)
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	var list gh.ListCheckRunsResults
	resp, err := c.api.Do(ctx, req, &list)
	if tag != "" && attempt.status == http.StatusNotModified {
		return nil, nil, errUnchanged
	}
	if err == nil && list.CheckRuns == nil {
		err = errNotUnderstood
	}
	if err != nil {
		return nil, nil, c.account.failed(attempt, err)
	}
	return list.CheckRuns, resp, nil
}
