package github

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/bradleyfalzon/ghinstallation/v2"
	"github.com/golang-jwt/jwt/v4"
	gh "github.com/google/go-github/v62/github"
	"golang.org/x/sync/singleflight"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// account is a ScmProvider that is a GitHub App.
type account struct {
	dialect
	site

	appID int64
	// signer makes the App's JWTs, by the time of remote.
	signer ghinstallation.Signer
	remote *remoteClock

	// given is the installation that the ScmProvider names, 0 where each owner's
	// is to be found.
	given int64
	// app asks as the App itself, which only finds installations.
	app *gh.Client
	// finding makes one request of those that look for one owner's installation.
	finding singleflight.Group

	mu sync.Mutex
	// owners are the installations that were found, by folded owner.
	owners map[string]owned
	// opened are the installations that were used, each with one client for the
	// account's whole life.
	opened map[int64]*opened
}

// opened is an installation that was used.
type opened struct {
	api    *gh.Client
	tokens *tokens
	// named reports whether the account of its budget is known.
	named bool
}

var _ providers.Account = (*account)(nil)

func newAccount(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL, key *rsa.PrivateKey) *account {
	remote := &remoteClock{clock: k.clock}
	a := &account{
		site:   newSite(k, provider, api),
		appID:  provider.Spec.GitHub.AppID,
		signer: signer{ghinstallation.NewRSASigner(jwt.SigningMethodRS256, key), remote},
		remote: remote,
		given:  provider.Spec.GitHub.InstallationID,
		owners: map[string]owned{},
		opened: map[int64]*opened{},
	}
	a.app = a.newClient(a.appTransport())
	if a.given != 0 {
		a.known(a.given)
	} else {
		a.installations.SetLimits(a.appLane(), a.name, a.limits)
	}
	return a
}

// String names the App, and nothing of its key.
func (a *account) String() string { return fmt.Sprintf("GitHub App %d at %s", a.appID, a.host) }

// Writer is the App, as HOST/app/ID: only the App that made a check run can change it.
func (a *account) Writer() string { return a.appLane() }

// Exclusion is none: check runs do not get into each other's way.
func (*account) Exclusion(providers.Commit) string { return "" }

// Lane is HOST/app/ID/installation/ID where the installation is given or found,
// and HOST/app/ID, which is what finding it spends, until then.
func (a *account) Lane(repository string) (id string, known bool) {
	if number, ok := a.installation(ownerOf(repository)); ok {
		return a.installationID(number), true
	}
	return a.appLane(), false
}

// Client finds the installation of the repository's owner, in one request for
// each owner, and returns a client for the repository.
func (a *account) Client(ctx context.Context, repository string) (providers.Client, error) {
	owner, name, err := split(repository)
	if err != nil {
		return nil, err
	}
	number, err := a.find(ctx, repository)
	if err != nil {
		return nil, err
	}
	return &client{
		dialect:      a.dialect,
		account:      a,
		api:          a.open(number, owner),
		installation: number,
		repository:   repository,
		owner:        owner,
		name:         name,
	}, nil
}

// known says that an installation is used, so that its limits are in force.
func (a *account) known(number int64) {
	a.installations.SetLimits(a.installationID(number), a.name, a.limits)
}

// open returns the client of an installation, the same for the account's life. An
// installation has one owner.
func (a *account) open(number int64, owner string) *gh.Client {
	o := a.use(number)
	a.mu.Lock()
	defer a.mu.Unlock()
	if !o.named {
		o.named = true
		a.installations.SetAccount(a.installationID(number), owner)
	}
	return o.api
}

// use returns an installation's client and tokens.
func (a *account) use(number int64) *opened {
	a.mu.Lock()
	defer a.mu.Unlock()
	o, ok := a.opened[number]
	if !ok {
		tokens := newTokens(a, number, a.installations.Get(a.installationID(number)).RoundTripper(readAnswer))
		o = &opened{api: a.newClient(tokens), tokens: tokens}
		a.opened[number] = o
	}
	return o
}

// installation returns what is known of an owner without a request.
func (a *account) installation(owner string) (int64, bool) {
	if a.given != 0 {
		return a.given, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found, ok := a.owners[owner]
	return found.number, ok
}

// foundAt returns when the installation of an owner was found, zero where none was.
func (a *account) foundAt(owner string) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.owners[owner].at
}

// installationFoundAt returns when an installation was found last, zero where it was not.
func (a *account) installationFoundAt(number int64) (at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, found := range a.owners {
		if found.number == number && found.at.After(at) {
			at = found.at
		}
	}
	return at
}

// forget drops an installation that GitHub knows no longer: the App may have
// been installed anew, under another ID.
func (a *account) forget(number int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for owner, found := range a.owners {
		if found.number == number {
			delete(a.owners, owner)
		}
	}
}

func (a *account) appLane() string { return fmt.Sprintf("%s/app/%d", a.host, a.appID) }

func (a *account) installationID(number int64) string {
	return fmt.Sprintf("%s/installation/%d", a.appLane(), number)
}

// ownerOf is the folded owner of a repository.
func ownerOf(repository string) string {
	owner, _, _ := strings.Cut(repository, "/")
	return strings.ToLower(owner)
}
