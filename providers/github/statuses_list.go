package github

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// List returns the newest commit status of each name on a commit, by any user,
// in one request for each page. GitHub takes names that differ in case alone for the
// same: the newest is listed under every spelling that was ever used, and as
// Kind.FoldName spells it. Where nothing changed since tag, GitHub says so without
// counting the request.
func (c *statusClient) List(ctx context.Context, at providers.Commit, tag string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	newest := map[string]commitStatus{}
	folded := map[string]string{}
	now, err := c.scan(ctx, at.SHA, tag, func(status commitStatus) {
		name := fold(status.Context)
		if status.ID > newest[name].ID {
			newest[name] = status
		}
		for _, spelling := range spellings(status.Context) {
			folded[spelling], folded[fold(spelling)] = name, name
		}
	}, func() bool { return false })
	switch {
	case errors.Is(err, errUnchanged):
		return providers.Listing{Tag: tag, Unchanged: true}, nil
	case err != nil:
		return providers.Listing{}, err
	}
	statuses := make(map[string]providers.Listed, len(folded))
	for spelling, name := range folded {
		shown := shownByStatus(newest[name])
		shown.Foreign = !c.ours(newest[name])
		statuses[spelling] = providers.Listed{Shown: shown}
	}
	return providers.Listing{Tag: now, Statuses: statuses}, nil
}

// scan shows see every status on a commit, the newest first, page by page until
// enough. Where that is all of them in one page it returns the page's tag. It fails
// with errUnchanged where nothing changed since tag.
func (c *statusClient) scan(ctx context.Context, sha, tag string, see func(commitStatus), enough func() bool) (string, error) {
	return c.account.pages(tag, "commit statuses", func(page int, tag string) (*gh.Response, bool, error) {
		ctx, at := c.begin(ctx, question{operation: opListStatuses, sha: sha})
		path := fmt.Sprintf("repos/%s/%s/commits/%s/statuses?per_page=%d&page=%d", c.owner, c.name, url.PathEscape(sha), perPage, page)
		var list providers.Page[commitStatus]
		resp, err := c.account.get(ctx, at, c.api, path, tag, &list)
		if err == nil && list == nil {
			err = c.account.failed(at, providers.ErrNotUnderstood)
		}
		for _, status := range list {
			if status.ID > 0 && status.Context != "" {
				see(status)
			}
		}
		return resp, enough(), err
	})
}
