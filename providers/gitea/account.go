package gitea

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// account is a ScmProvider with an access token.
type account struct {
	dialect

	api   *url.URL
	host  string
	lane  string
	token *credential
	http  *http.Client

	// asking makes one request of those that ask whose token it is.
	asking singleflight.Group

	mu sync.Mutex
	// user is the ID of the token's user, 0 until it is known.
	user int64
	// anonymous reports whether the token may not read its own user.
	anonymous bool
}

var _ providers.Account = (*account)(nil)

func newAccount(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL, token *credential) *account {
	host := webRoot(api)
	a := &account{
		api:   api,
		host:  host,
		lane:  fmt.Sprintf("%s/secret/%s", host, provider.Spec.SecretRef.Name),
		token: token,
	}
	k.installations.SetLimits(a.lane, provider.Name, ratelimit.Defaults(host).With(provider.Spec.RateLimit))
	a.http = &http.Client{
		Transport:     k.installations.Get(a.lane).RoundTripper(readAnswer),
		CheckRedirect: readsOnly,
	}
	return a
}

// String names the Secret, and nothing of what is in it.
func (a *account) String() string { return a.lane }

// Writer returns the Secret that holds the token, as HOST/secret/NAME.
func (a *account) Writer() string { return a.lane }

// Lane is HOST/secret/NAME. Gitea has no limits of its own, and whom a proxy
// before it counts is not known, so each Secret has a budget.
func (a *account) Lane(string) (id string, known bool) { return a.lane, true }

// Exclusion is none: statuses are only ever added.
func (*account) Exclusion(providers.Commit) string { return "" }

// Client returns a client for a repository, without a request.
func (a *account) Client(_ context.Context, repository string) (providers.Client, error) {
	owner, name, err := split(repository)
	if err != nil {
		return nil, err
	}
	return &client{dialect: a.dialect, account: a, repository: repository, root: "repos/" + owner + "/" + name}, nil
}

// Renew does nothing: nobody but the ScmProvider's owner has another token.
func (*account) Renew(context.Context, string, *providers.Error) error { return nil }

// own returns the ID of the token's user, and 0 where the token may not ask for
// it. It makes one request, once in the account's life, unless a write was answered
// before.
func (a *account) own(ctx context.Context) (int64, error) {
	if user, known := a.known(); known {
		return user, nil
	}
	// A caller that gives up first must not fail the others, so each waits by itself.
	answer := a.asking.DoChan("", func() (any, error) {
		if user, known := a.known(); known {
			return user, nil
		}
		ctx, cancel := withDeadline(context.WithoutCancel(ctx))
		defer cancel()
		return a.ask(ctx)
	})
	select {
	case <-ctx.Done():
		return 0, a.failed(question{operation: opUser}, false, ctx.Err())
	case got := <-answer:
		user, _ := got.Val.(int64)
		return user, got.Err
	}
}

func (a *account) ask(ctx context.Context) (int64, error) {
	var user struct {
		ID int64 `json:"id"`
	}
	q := question{operation: opUser}
	_, err := a.get(ctx, q, "user", &user)
	switch {
	case errors.Is(err, errAnonymous):
		a.mu.Lock()
		defer a.mu.Unlock()
		a.anonymous = true
		return a.user, nil
	case err != nil:
		return 0, err
	case user.ID <= 0:
		return 0, a.failed(q, true, providers.ErrNotUnderstood)
	}
	a.learn(user.ID)
	return user.ID, nil
}

func (a *account) known() (user int64, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.user, a.user != 0 || a.anonymous
}

// learn stores the id of the token's user.
func (a *account) learn(user int64) {
	if user <= 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.user = user
}
