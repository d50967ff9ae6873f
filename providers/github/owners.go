package github

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// owned is the installation of an owner, and when GitHub said so.
type owned struct {
	number int64
	at     time.Time
}

// find returns the installation of a repository's owner. However many ask at
// once for one owner, one request is made; it is made for one of their
// repositories, so that one may not exist says nothing about the others.
func (a *account) find(ctx context.Context, repository string) (int64, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	owner, folded := ownerOf(repository), strings.ToLower(repository)
	for {
		if number, ok := a.installation(owner); ok {
			return number, nil
		}
		// The others that wait must not fail because the first one gives up.
		shared := context.WithoutCancel(ctx)
		done := a.finding.DoChan(owner, func() (any, error) {
			ctx, cancel := withDeadline(shared)
			defer cancel()
			return folded, a.ask(ctx, repository)
		})
		select {
		case <-ctx.Done():
			return 0, a.failed(&attempt{}, ctx.Err())
		case answer := <-done:
			if answer.Err != nil && (answer.Val == folded || !onlyOf(answer.Err)) {
				return 0, answer.Err
			}
		}
	}
}

// ask makes the request that finds an installation, and remembers the answer.
func (a *account) ask(ctx context.Context, repository string) error {
	owner, name, err := split(repository)
	if err != nil {
		return err
	}
	ctx, at := a.begin(ctx, question{operation: opFindInstallation, repository: repository})
	found, _, err := a.app.Apps.FindRepositoryInstallation(ctx, owner, name)
	if err == nil && found.GetID() <= 0 {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return a.failed(at, err)
	}
	if login := found.GetAccount().GetLogin(); login != "" && !strings.EqualFold(login, ownerOf(repository)) {
		return a.strangers(ctx, found, repository)
	}
	a.known(found.GetID())
	a.mu.Lock()
	defer a.mu.Unlock()
	a.owners[ownerOf(repository)] = owned{number: found.GetID(), at: a.clock.Now()}
	return nil
}

// onlyOf reports whether an error is about one repository and not about its owner.
func onlyOf(err error) bool {
	reason := reasonOf(err)
	return reason == v1alpha1.ReasonRepoNotFound || reason == v1alpha1.ReasonMoved
}

// Renew asks for another token, or finds the installation of the repository's owner again,
// whichever the refused request relied on: both where there is no token to be had.
func (a *account) Renew(ctx context.Context, repository string, refused *providers.Error) error {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	number, known := a.installation(ownerOf(repository))
	switch {
	case !known, refused.Relied == providers.FactNone:
		// The next request learns it.
		return nil
	case refused.Relied == providers.FactToken:
		err := a.use(number).tokens.renew(ctx)
		if !errors.As(err, &refused) || refused.Relied != providers.FactInstallation {
			return err
		}
	}
	err := a.ask(ctx, repository)
	if reasonOf(err) == v1alpha1.ReasonRepoNotFound && refused.Refused == providers.RefusedInstallation {
		a.forget(number)
	}
	return err
}

func reasonOf(err error) string {
	var e *providers.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return ""
}
