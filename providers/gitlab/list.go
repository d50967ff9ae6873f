package gitlab

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	gl "gitlab.com/gitlab-org/api/client-go"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// perPage is the most that GitLab lists on a page.
	perPage = 100
	// maxPages ends a list: a commit has a row for each time that each of its
	// statuses began again.
	maxPages = 50
)

// Find returns the newest status of the target's name that the token's user wrote,
// in whatever pipeline, in one request for each page. GitLab stores no ID of ours, so
// the name and the user have to do.
func (c *client) Find(ctx context.Context, at providers.Target) (*providers.Shown, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	newest, err := c.newest(ctx, at.SHA, at.Name)
	if err != nil {
		return nil, err
	}
	status, ok := newest[at.Name]
	if !ok {
		return nil, nil
	}
	shown := shownBy(status)
	return &shown, nil
}

// List returns the newest status of each name that the token's user wrote on a
// commit, in one request for each page. GitLab has no conditional requests that cost
// less, so there is no tag.
func (c *client) List(ctx context.Context, at providers.Commit, _ string) (providers.Listing, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	newest, err := c.newest(ctx, at.SHA, "")
	if err != nil {
		return providers.Listing{}, err
	}
	statuses := make(map[string]providers.Listed, len(newest))
	for name, status := range newest {
		statuses[name] = providers.Listed{Shown: shownBy(status)}
	}
	return providers.Listing{Statuses: statuses}, nil
}

// Path returns the path that the project has today, in one request.
func (c *client) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	ctx, attempt := c.begin(ctx, question{operation: opPath})
	var project struct {
		Path string `json:"path_with_namespace"`
	}
	_, err := c.send(ctx, http.MethodGet, "", nil, &project)
	if err == nil && !strings.Contains(project.Path, "/") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return "", c.account.failed(attempt, err)
	}
	return project.Path, nil
}

// newest returns the newest status of each name, or of one name, that the token's
// user wrote on a commit. It asks for the old ones too: what somebody else's hides is
// still what GitLab goes on from.
func (c *client) newest(ctx context.Context, sha, name string) (map[string]commitStatus, error) {
	o := &gl.GetCommitStatusesOptions{
		ListOptions: gl.ListOptions{PerPage: perPage, Page: 1},
		All:         gl.Ptr(true),
		Name:        given(name),
	}
	newest := map[string]commitStatus{}
	for range maxPages {
		found, next, err := c.page(ctx, sha, o)
		if err != nil {
			return nil, err
		}
		for _, status := range found {
			ours := status.Author.ID == c.user && strings.EqualFold(status.SHA, sha) && status.ID > 0
			if ours && status.ID > newest[status.Name].ID {
				newest[status.Name] = status
			}
		}
		if next <= o.Page {
			return newest, nil
		}
		o.Page = next
	}
	return nil, providers.Errorf(v1alpha1.ReasonUnavailable,
		"%s lists more than %d pages of statuses of one commit", c.account.host, maxPages)
}

// page reads one page, in one request, and says which is next; 0 for none.
func (c *client) page(ctx context.Context, sha string, o *gl.GetCommitStatusesOptions) ([]commitStatus, int64, error) {
	ctx, attempt := c.begin(ctx, question{operation: opList, sha: sha})
	var found providers.Page[commitStatus]
	resp, err := c.send(ctx, http.MethodGet, "/repository/commits/"+url.PathEscape(sha)+"/statuses", o, &found)
	if err == nil && found == nil {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return nil, 0, c.account.failed(attempt, err)
	}
	return found, resp.NextPage, nil
}
