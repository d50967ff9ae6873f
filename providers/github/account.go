package github

import (
	"context"
	"crypto/rsa"
	"fmt"
	"net/url"
	"strings"
	"sync"

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
	owners map[string]int64
	// opened are the installations that were used, each with one client for the
	// account's whole life.
	opened map[int64]*gh.Client
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
		owners: map[string]int64{},
		opened: map[int64]*gh.Client{},
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
	a.mu.Lock()
	defer a.mu.Unlock()
	api, ok := a.opened[number]
	if !ok {
		api = a.newClient(a.installationTransport(number))
		a.installations.SetAccount(a.installationID(number), owner)
		a.opened[number] = api
	}
	return api
}

// installation returns what is known of an owner without a request.
func (a *account) installation(owner string) (int64, bool) {
	if a.given != 0 {
		return a.given, true
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	number, ok := a.owners[owner]
	return number, ok
}

// forget drops an installation that GitHub knows no longer: the App may have
// been installed anew, under another ID.
func (a *account) forget(number int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for owner, n := range a.owners {
		if n == number {
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
