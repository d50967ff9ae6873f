package gitlab

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"

	gl "gitlab.com/gitlab-org/api/client-go"
	"golang.org/x/sync/singleflight"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// account is a ScmProvider that is an access token of GitLab.
type account struct {
	dialect

	name          string
	api           *url.URL
	host          string
	token         secret
	limits        ratelimit.Limits
	installations *ratelimit.Installations
	clock         clock.PassiveClock
	users         *users
	// asking makes one request of those that ask whose the token is.
	asking singleflight.Group

	mu sync.Mutex
	// user is whose the token is. Until certain, it is a guess, or nobody.
	user    user
	certain bool
	// opened is the user's client, for the account's whole life.
	opened *gl.Client
}

var _ providers.Account = (*account)(nil)

func newAccount(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL, token secret) (*account, error) {
	host := webRoot(api)
	a := &account{
		name:          provider.Name,
		api:           api,
		host:          host,
		token:         token,
		limits:        ratelimit.Defaults(host).With(provider.Spec.RateLimit),
		installations: k.installations,
		clock:         k.clock,
		users:         k.users,
	}
	whose, certain := k.users.of(host, a.name, token)
	if certain {
		err := a.known(whose)
		return a, err
	}
	if whose.id == 0 {
		whose = recorded(host, provider.Status.Installations)
	}
	a.user = whose
	a.installations.SetLimits(a.lane(), a.name, a.limits)
	return a, nil
}

// String names the ScmProvider, and nothing of its token.
func (a *account) String() string {
	return fmt.Sprintf("token of ScmProvider %s at %s", a.name, a.host)
}

// GoString names the ScmProvider, and nothing of its token.
func (a *account) GoString() string { return a.String() }

// Writer is the user whose token it is, as HOST/user/ID: each user has statuses of
// their own. Until GitLab said who it is, it is the user of the ScmProvider's last
// token, else the ScmProvider itself.
func (a *account) Writer() string { return a.lane() }

// Exclusion is the commit of the project: GitLab lets one status of it be written at
// a time. Another GitLab may have a project of that name too.
func (a *account) Exclusion(at providers.Commit) string {
	return a.host + "/" + fold(at.Repository) + "@" + at.SHA
}

// Lane is HOST/user/ID. Until GitLab said who that is, it is what Writer is.
func (a *account) Lane(string) (id string, known bool) {
	_, certain := a.identity()
	return a.lane(), certain
}

// Client asks once whose the token is, and returns a client for the repository.
func (a *account) Client(ctx context.Context, repository string) (providers.Client, error) {
	if err := checkPath(repository); err != nil {
		return nil, err
	}
	if err := a.identify(ctx); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return &client{dialect: a.dialect, account: a, api: a.opened, user: a.user.id, repository: repository}, nil
}

// Renew does nothing: nobody but the ScmProvider's owner has another token.
func (a *account) Renew(context.Context, string, *providers.Error) error { return nil }

// known takes in whose the token is.
func (a *account) known(whose user) error {
	id := a.userID(whose)
	api, err := a.newClient(id)
	if err != nil {
		return providers.Errorf(v1alpha1.ReasonInvalid, "spec.gitlab.apiURL cannot be used")
	}
	a.users.learn(a.host, a.name, a.token, whose)
	a.installations.SetLimits(id, a.name, a.limits)
	a.installations.SetAccount(id, whose.name)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.user, a.certain, a.opened = whose, true, api
	return nil
}

func (a *account) identity() (whose user, certain bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.user, a.certain
}

func (a *account) lane() string {
	whose, _ := a.identity()
	if whose.id == 0 {
		return fmt.Sprintf("%s/token of ScmProvider %s", a.host, a.name)
	}
	return a.userID(whose)
}

func (a *account) userID(whose user) string { return fmt.Sprintf("%s/user/%d", a.host, whose.id) }

// who is whom GitLab takes requests to come from, in words.
func (a *account) who() string {
	if whose, certain := a.identity(); certain && whose.name != "" {
		return "user " + whose.name
	}
	return "ScmProvider " + a.name
}

func fold(repository string) string { return strings.ToLower(repository) }
