package github

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"

	gh "github.com/google/go-github/v62/github"
	"golang.org/x/sync/singleflight"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// userAccount is a ScmProvider with a plain token: a user, who writes commit statuses.
type userAccount struct {
	statusDialect
	site

	token plainToken
	// secret is the name of the Secret that holds the token.
	secret string
	// before is the lane in which GitHub is asked whose token it is.
	before string
	asking singleflight.Group

	mu sync.Mutex
	// user is nil, and api too, until GitHub has told whose token it is.
	user *user
	api  *gh.Client
}

var _ providers.Account = (*userAccount)(nil)

// user is whose token it is.
type user struct {
	id    int64
	login string
}

// plainToken is a credential. It prints as ***, and inside of something else as an
// address.
type plainToken struct{ text *string }

// String is ***.
func (plainToken) String() string { return "***" }

// GoString is ***.
func (plainToken) GoString() string { return "***" }

func newUserAccount(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL, secret plainToken) *userAccount {
	a := &userAccount{site: newSite(k, provider, api), token: secret, secret: provider.Spec.SecretRef.Name}
	a.before = a.laneBefore(provider.Status.Installations)
	a.installations.SetLimits(a.before, a.name, a.limits)
	return a
}

// String names the ScmProvider, and nothing of its token.
func (a *userAccount) String() string { return fmt.Sprintf("plain token of %s at %s", a.name, a.host) }

// Writer returns the same for all users, as HOST/statuses: each new status on a commit
// supersedes those of the same name by any user.
func (a *userAccount) Writer() string { return a.host + "/statuses" }

// Exclusion is none: statuses do not get into each other's way.
func (*userAccount) Exclusion(providers.Commit) string { return "" }

// Lane is HOST/user/LOGIN once GitHub has told whose token it is. Until then it is
// the user's who had the budget lately by the ScmProvider's status, or else
// HOST/token/SCMPROVIDER.
func (a *userAccount) Lane(string) (id string, known bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.user == nil {
		return a.before, false
	}
	return a.laneOf(a.user.login), true
}

// Client finds out whose token it is, in one request for the account's whole life,
// and returns a client for the repository.
func (a *userAccount) Client(ctx context.Context, repository string) (providers.Client, error) {
	owner, name, err := split(repository)
	if err != nil {
		return nil, err
	}
	u, api, err := a.who(ctx)
	if err != nil {
		return nil, err
	}
	return &statusClient{
		statusDialect: a.statusDialect, account: a, api: api, user: u, repository: repository, owner: owner, name: name,
	}, nil
}

// Renew does nothing: nobody but the ScmProvider's owner has another token.
func (a *userAccount) Renew(context.Context, string, *providers.Error) error { return nil }

// laneBefore is the lane to begin with. A pause that is recorded for the user holds
// for the question who they are too.
func (a *userAccount) laneBefore(recorded []v1alpha1.Installation) string {
	before := a.host + "/token/" + a.name
	var latest *v1alpha1.Installation
	for i, in := range recorded {
		if strings.HasPrefix(in.ID, a.laneOf("")) && (latest == nil || latest.ObservedAt.Before(in.ObservedAt)) {
			latest, before = &recorded[i], in.ID
		}
	}
	return before
}

func (a *userAccount) laneOf(login string) string { return a.host + "/user/" + strings.ToLower(login) }

// transport sends the token, and spends the budget of a lane.
func (a *userAccount) transport(lane string) http.RoundTripper {
	return &bearer{token: a.token, paid: a.installations.Get(lane).RoundTripper(readAnswer)}
}

// bearer authenticates requests by a plain token.
type bearer struct {
	token plainToken
	paid  http.RoundTripper
}

// RoundTrip sends a request with the token.
func (t *bearer) RoundTrip(req *http.Request) (*http.Response, error) {
	req = traced(req.Clone(req.Context()), attemptOf(req.Context()))
	req.Header.Set("Authorization", "token "+*t.token.text)
	return t.paid.RoundTrip(req)
}
