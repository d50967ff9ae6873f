package bitbucket

import (
	"strings"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// tokenField and usernameField are the keys of the Secret.
	tokenField    = "token"
	usernameField = "username"
)

// Kind opens ScmProviders that are a Bitbucket.
type Kind struct {
	service       *service
	installations *ratelimit.Installations
	clock         clock.Clock
}

var _ providers.Kind = (*Kind)(nil)

// NewCloudKind makes the kind of Bitbucket Cloud. Accounts spend the budgets of
// installations, and tell time by clk.
func NewCloudKind(installations *ratelimit.Installations, clk clock.Clock) *Kind {
	return &Kind{service: cloud, installations: installations, clock: clk}
}

// NewDataCenterKind makes the kind of Bitbucket Data Center. Accounts spend the
// budgets of installations, and tell time by clk.
func NewDataCenterKind(installations *ratelimit.Installations, clk clock.Clock) *Kind {
	return &Kind{service: center, installations: installations, clock: clk}
}

// Name is "bitbucketCloud" or "bitbucketDataCenter".
func (k *Kind) Name() string { return k.service.name }

// Title is "Bitbucket Cloud" or "Bitbucket Data Center".
func (k *Kind) Title() string { return k.service.title }

// Host is the root of the web pages: bitbucket.org for api.bitbucket.org, and the
// API's own otherwise. It fails with an *Error where the API's URL is not one
// that a credential may be sent to.
func (k *Kind) Host(spec v1alpha1.ScmProviderSpec) (string, error) {
	api, err := k.service.endpoint(spec)
	if err != nil {
		return "", err
	}
	return k.service.webRoot(api), nil
}

// Fold is the repository in lower case: both Bitbuckets take ACME/Shop and
// acme/shop for the same.
func (*Kind) Fold(repository string) string { return strings.ToLower(repository) }

// FoldName is the name as it is: both Bitbuckets tell keys apart that differ in case.
func (*Kind) FoldName(_ v1alpha1.ScmProviderSpec, name string) string { return name }

// Open makes an account of the Secret's key token; where it is for Bitbucket Cloud
// and the Secret has a key username as well, the token is that user's password. It
// makes no request.
func (k *Kind) Open(provider *v1alpha1.ScmProvider, secret map[string][]byte) (providers.Account, error) {
	api, err := k.service.endpoint(provider.Spec)
	if err != nil {
		return nil, err
	}
	name := provider.Spec.SecretRef.Name
	token := strings.TrimSpace(string(secret[tokenField]))
	if token == "" {
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s has no key %s, which holds an access token of %s", name, tokenField, k.service.title)
	}
	if !printable(token) {
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"key %s of Secret %s is no access token: it holds white space or characters beyond ASCII", tokenField, name)
	}
	held := &credential{token: token}
	if k.service.basic {
		held.username = strings.TrimSpace(string(secret[usernameField]))
	}
	if !printable(held.username) || strings.Contains(held.username, ":") {
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"key %s of Secret %s is no user's name: it holds white space, a colon or characters beyond ASCII", usernameField, name)
	}
	return newAccount(k, provider, api, held), nil
}

// printable reports whether text can stand in a header as it is.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}
