package github

import (
	"context"
	"fmt"

	gh "github.com/google/go-github/v62/github"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// who returns whose token it is, and the client that spends their budget. However
// many ask at once, one request is made.
func (a *userAccount) who(ctx context.Context) (*user, *gh.Client, error) {
	ctx, cancel := withDeadline(ctx)
	defer cancel()
	if u, api := a.known(); u != nil {
		return u, api, nil
	}
	// The others that wait must not fail because the first one gives up.
	shared := context.WithoutCancel(ctx)
	done := a.asking.DoChan("", func() (any, error) {
		if u, _ := a.known(); u != nil {
			return nil, nil
		}
		ctx, cancel := withDeadline(shared)
		defer cancel()
		return nil, a.ask(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, nil, a.failed(&attempt{}, ctx.Err())
	case answer := <-done:
		if answer.Err != nil {
			return nil, nil, answer.Err
		}
	}
	u, api := a.known()
	return u, api, nil
}

func (a *userAccount) known() (*user, *gh.Client) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.user, a.api
}

// ask makes the request that tells whose token it is, and remembers the answer.
func (a *userAccount) ask(ctx context.Context) error {
	ctx, at := a.begin(ctx, question{operation: opFindUser, holder: fmt.Sprintf("Secret %s", a.secret)})
	found, _, err := a.newClient(a.transport(a.before)).Users.Get(ctx, "")
	if err == nil && (found.GetID() <= 0 || found.GetLogin() == "") {
		err = providers.ErrNotUnderstood
	}
	if err != nil {
		return a.failed(at, err)
	}
	lane := a.laneOf(found.GetLogin())
	a.installations.SetLimits(lane, a.name, a.limits)
	a.installations.SetAccount(lane, found.GetLogin())
	a.mu.Lock()
	defer a.mu.Unlock()
	a.user = &user{id: found.GetID(), login: found.GetLogin()}
	a.api = a.newClient(a.transport(lane))
	return nil
}

// notAUser is what GitHub's refusal to tell whose token it is means, nil where it is
// as for every other request.
func notAUser(q question, status int, r complaint) *providers.Error {
	switch {
	case q.operation != opFindUser:
		return nil
	case r.mentions("resource not accessible"):
		return providers.Refuse(providers.RefusedAccount, v1alpha1.ReasonCredentialsInvalid,
			"the token of %s is no user's: it must be a personal access token (a GitHub App signs in with its private key)", q.holder)
	case status == 404:
		return noAPI(q)
	}
	return nil
}
