package github

import (
	"context"
	"strings"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// pathOf is all that is read of a repository.
type pathOf struct {
	FullName string `json:"full_name"`
}

// movedTo completes the error of a write that GitHub redirected by the repository's path of
// today, which one read tells. Any other error it returns as it is.
func (s *site) movedTo(failed *providers.Error, repository string, read func(into *pathOf) error) *providers.Error {
	if failed.Reason != v1alpha1.ReasonMoved || failed.MovedTo != "" {
		return failed
	}
	var today pathOf
	if err := read(&today); err != nil {
		if e := providers.AsError(err); e.Reason == v1alpha1.ReasonPending {
			return e
		}
		return failed
	}
	if strings.EqualFold(today.FullName, repository) || strings.Count(today.FullName, "/") != 1 {
		return failed
	}
	return providers.Moved(repository, today.FullName)
}

// moved completes an error of the client's own repository.
func (c *client) moved(ctx context.Context, failed *providers.Error) *providers.Error {
	return c.account.movedTo(failed, c.repository, func(into *pathOf) error {
		ctx, at := c.begin(ctx, question{operation: opGetRepository})
		_, err := c.account.get(ctx, at, c.api, "repos/"+c.owner+"/"+c.name, "", into)
		return err
	})
}

// moved completes an error of the client's own repository.
func (c *statusClient) moved(ctx context.Context, failed *providers.Error) *providers.Error {
	return c.account.movedTo(failed, c.repository, func(into *pathOf) error {
		ctx, at := c.begin(ctx, question{operation: opGetRepository})
		_, err := c.account.get(ctx, at, c.api, "repos/"+c.owner+"/"+c.name, "", into)
		return err
	})
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
	return a.movedTo(providers.Moved(repository, ""), repository, func(into *pathOf) error {
		ctx, at := a.begin(ctx, question{operation: opGetRepository, repository: repository, installation: number})
		_, err := a.get(ctx, at, api, "repos/"+owner+"/"+name, "", into)
		return err
	})
}
