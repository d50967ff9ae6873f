package gitea

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// perPage is the most that Gitea lists on a page, unless it is configured
	// otherwise (MAX_RESPONSE_ITEMS).
	perPage = 50
	// maxPages ends a list: 5000 changes of statuses of one commit.
	maxPages = 100
	// byIndex asks for the order of ids, the highest first, although it is called
	// the least. Without it the order is that of seconds.
	byIndex = "leastindex"
)

// Find returns the newest status of the target's name if our user made it: one that
// somebody else has superseded is not shown. It makes one request for each page, and
// one more, once in the account's life, to learn who we are.
func (c *client) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	user, err := c.account.own(ctx)
	if err != nil {
		return nil, err
	}
	var newest status
	name := contextOf(at.Name)
	err = c.scan(ctx, at.SHA, func(s status) {
		if s.Context == name && s.ID > newest.ID {
			newest = s
		}
	})
	if err != nil || newest.ID == 0 || user != 0 && newest.Creator.ID != user {
		return nil, err
	}
	shown := shownBy(newest)
	return &shown, nil
}

// List returns the newest status of each name, by any user: Gitea shows that
// one, and only that one. Those of others are Foreign. It makes one request for
// each page, and one more, once in the account's life, to learn who we are. There
// are no tags.
func (c *client) List(ctx context.Context, at providers.Commit, _ string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	user, err := c.account.own(ctx)
	if err != nil {
		return providers.Listing{}, err
	}
	newest := map[string]status{}
	err = c.scan(ctx, at.SHA, func(s status) {
		if s.ID > newest[s.Context].ID {
			newest[s.Context] = s
		}
	})
	if err != nil {
		return providers.Listing{}, err
	}
	statuses := make(map[string]providers.Listed, len(newest))
	for context, s := range newest {
		shown := shownBy(s)
		shown.Foreign = user != 0 && s.Creator.ID != user
		statuses[nameOf(context)] = providers.Listed{Shown: shown}
	}
	return providers.Listing{Statuses: statuses}, nil
}

// scan shows see every status of a commit.
func (c *client) scan(ctx context.Context, sha string, see func(status)) error {
	q := c.question(opList, sha)
	seen := 0
	for page := 1; page <= maxPages; page++ {
		query := url.Values{"limit": {strconv.Itoa(perPage)}, "page": {strconv.Itoa(page)}, "sort": {byIndex}}
		var list providers.Page[status]
		header, err := c.account.get(ctx, q, c.statuses(sha)+"?"+query.Encode(), &list)
		if err != nil {
			return err
		}
		for _, s := range list {
			see(s)
		}
		seen += len(list)
		more := nextPage(header) || total(header) > seen
		switch {
		case list == nil, more && len(list) == 0:
			return c.account.failed(q, true, providers.ErrNotUnderstood)
		case !more:
			return nil
		}
	}
	return providers.Errorf(v1alpha1.ReasonUnavailable, "%s lists more than %d pages of statuses of one commit", c.account.host, maxPages)
}

// nextPage reports whether an answer names a page after it.
func nextPage(header http.Header) bool {
	for _, line := range header.Values("Link") {
		for link := range strings.SplitSeq(line, ",") {
			if strings.Contains(link, `rel="next"`) {
				return true
			}
		}
	}
	return false
}

// total is how many statuses there are on all pages, 0 where that is not told.
func total(header http.Header) int {
	n, err := strconv.Atoi(header.Get("X-Total-Count"))
	if err != nil {
		return 0
	}
	return n
}
