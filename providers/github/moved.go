package github

import (
	"context"
	"strings"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/providers"
)

// path reads the full name that a repository has today. owner and name are escaped.
func (s *site) path(ctx context.Context, at *attempt, api *gh.Client, owner, name string) (string, error) {
	var today struct {
		FullName string `json:"full_name"`
	}
	if _, err := s.get(ctx, at, api, "repos/"+owner+"/"+name, "", &today); err != nil {
		return "", err
	}
	if strings.Count(today.FullName, "/") != 1 {
		return "", s.failed(at, providers.ErrNotUnderstood)
	}
	return today.FullName, nil
}

// Path returns the full name that the repository has today, in one request.
func (c *client) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	ctx, at := c.begin(ctx, question{operation: opGetRepository})
	return c.account.path(ctx, at, c.api, c.owner, c.name)
}

// Path returns the full name that the repository has today, in one request.
func (c *statusClient) Path(ctx context.Context) (string, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	ctx, at := c.begin(ctx, question{operation: opGetRepository})
	return c.account.path(ctx, at, c.api, c.owner, c.name)
}

// strangers is that the installation that GitHub found for a repository is another owner's: the
// repository was transferred, or its owner renamed. It says nothing of the owner's other
// repositories.
func (a *account) strangers(ctx context.Context, found *gh.Installation, repository string) *providers.Error {
	owner, name, err := split(repository)
	if err != nil {
		return providers.AsError(err)
	}
	number := found.GetID()
	a.known(number)
	api := a.open(number, strings.ToLower(found.GetAccount().GetLogin()))
	return providers.Moved(repository, "").Today(repository, func() (string, error) {
		ctx, at := a.begin(ctx, question{operation: opGetRepository, repository: repository, installation: number})
		return a.path(ctx, at, api, owner, name)
	})
}
