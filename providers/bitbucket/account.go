package bitbucket

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// credential is an access token, or a user's name and password. It is kept behind a
// pointer, so that nothing prints it that prints what holds it.
type credential struct{ username, token string }

// String is ***.
func (*credential) String() string { return "***" }

// GoString is ***.
func (*credential) GoString() string { return "***" }

// header is the value of Authorization.
func (c *credential) header() string {
	if c.username == "" {
		return "Bearer " + c.token
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.username+":"+c.token))
}

// account is a ScmProvider with a credential.
type account struct {
	dialect

	api *url.URL
	// pages is the root of the web pages.
	pages      string
	host       string
	lane       string
	credential *credential
	http       *http.Client
}

var _ providers.Account = (*account)(nil)

func newAccount(k *Kind, provider *v1alpha1.ScmProvider, api *url.URL, held *credential) *account {
	host := k.service.webRoot(api)
	a := &account{
		dialect:    dialect{k.service},
		api:        api,
		pages:      k.service.pages(api),
		host:       host,
		lane:       fmt.Sprintf("%s/secret/%s", host, provider.Spec.SecretRef.Name),
		credential: held,
	}
	k.installations.SetLimits(a.lane, provider.Name, ratelimit.Defaults(host).With(provider.Spec.RateLimit))
	a.http = &http.Client{
		Transport:     k.installations.Get(a.lane).RoundTripper(a.readAnswer),
		CheckRedirect: readsOnly,
	}
	return a
}

// String names the Secret, and nothing of what is in it.
func (a *account) String() string { return a.lane }

// Writer returns the Secret that holds the credential, as HOST/secret/NAME.
func (a *account) Writer() string { return a.lane }

// Lane is HOST/secret/NAME: Bitbucket counts by user or by access token.
func (a *account) Lane(string) (id string, known bool) { return a.lane, true }

// Exclusion is none: build statuses do not get into each other's way.
func (*account) Exclusion(providers.Commit) string { return "" }

// Client returns a client for a repository, without a request.
func (a *account) Client(_ context.Context, repository string) (providers.Client, error) {
	owner, name, err := a.split(repository)
	if err != nil {
		return nil, err
	}
	return a.open(base{dialect: a.dialect, account: a, repository: repository}, owner, name), nil
}

// Renew does nothing: nobody but the ScmProvider's owner has another credential.
func (*account) Renew(context.Context, string, *providers.Error) error { return nil }

// base is what the clients of both services are made of.
type base struct {
	dialect
	account    *account
	repository string
}

func (b *base) question(operation, sha string) question {
	return question{operation: operation, repository: b.repository, sha: sha}
}
