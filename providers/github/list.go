package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// List returns the newest check run of each name that this App made on a commit,
// in one request for each page. Where nothing changed since tag, GitHub says so
// without counting the request, as long as the installation's token is the same.
func (c *client) List(ctx context.Context, at providers.Commit, tag string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	newest := map[string]checkRun{}
	now, err := c.scan(ctx, at.SHA, url.Values{"filter": {"latest"}}, tag, func(run checkRun) {
		if run.ID > newest[run.Name].ID {
			newest[run.Name] = run
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
		statuses[name] = providers.Listed{Shown: shownBy(run), ExternalID: run.ExternalID}
	}
	return providers.Listing{Tag: now, Marked: true, Statuses: statuses}, nil
}

// scan shows see every run that this App made on a commit and that fits query.
// Where that is one page it returns its tag: the tag of a page says nothing of the
// pages after it. It fails with errUnchanged where nothing changed since tag.
func (c *client) scan(ctx context.Context, sha string, query url.Values, tag string, see func(checkRun)) (string, error) {
	query.Set("app_id", strconv.FormatInt(c.account.appID, 10))
	query.Set("per_page", strconv.Itoa(perPage))
	return c.account.pages(tag, "check runs", func(page int, tag string) (*gh.Response, bool, error) {
		query.Set("page", strconv.Itoa(page))
		runs, resp, err := c.page(ctx, sha, query, tag)
		for _, run := range runs {
			if madeBy(c.account.appID, run, sha) {
				see(run)
			}
		}
		return resp, false, err
	})
}

// page reads one page of a commit's runs, in one request.
func (c *client) page(ctx context.Context, sha string, query url.Values, tag string) ([]checkRun, *gh.Response, error) {
	ctx, at := c.begin(ctx, question{operation: opList, sha: sha})
	path := fmt.Sprintf("repos/%s/%s/commits/%s/check-runs?%s", c.owner, c.name, url.PathEscape(sha), query.Encode())
	var list checkRuns
	resp, err := c.account.get(ctx, at, c.api, path, tag, &list)
	if err == nil && list.CheckRuns == nil {
		err = c.account.failed(at, providers.ErrNotUnderstood)
	}
	return list.CheckRuns, resp, err
}
