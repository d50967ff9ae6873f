package github

import (
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// kindName is the field of a ScmProviderSpec that selects GitHub, and the name
// of the SCM in metrics.
const kindName = "github"

const (
	privateKeyField = "privateKey"
	tokenField      = "token"
)

// Kind opens ScmProviders that are a GitHub.
type Kind struct {
	installations *ratelimit.Installations
	clock         clock.Clock
}

var _ providers.Kind = (*Kind)(nil)

// NewKind makes the kind. Accounts spend the budgets of installations, and tell
// time by clk.
func NewKind(installations *ratelimit.Installations, clk clock.Clock) *Kind {
	return &Kind{installations: installations, clock: clk}
}

// Name is "github".
func (*Kind) Name() string { return kindName }

// Title is "GitHub".
func (*Kind) Title() string { return "GitHub" }

// Host is the host of the web pages: github.com for api.github.com, X.ghe.com
// for api.X.ghe.com, and the API's own host for GitHub Enterprise Server. It
// fails with an *Error where the API's URL is not one that a credential may be
// sent to.
func (*Kind) Host(spec v1alpha1.ScmProviderSpec) (string, error) {
	api, err := endpoint(spec)
	if err != nil {
		return "", err
	}
	return webRoot(api), nil
}

// Fold is the repository in lower case: GitHub takes Acme/Shop and acme/shop for
// the same.
func (*Kind) Fold(repository string) string { return strings.ToLower(repository) }

// FoldName is the name of a check run as it is, and that of a commit status in lower
// case: GitHub takes contexts for the same that differ in case alone.
func (*Kind) FoldName(spec v1alpha1.ScmProviderSpec, name string) string {
	if ofUser(spec.GitHub) {
		return fold(name)
	}
	return name
}

// ofUser reports whether a plain token is used: a GitHub App has an ID.
func ofUser(spec *v1alpha1.GitHubSpec) bool { return spec.AppID == 0 && spec.InstallationID == 0 }

// Open makes an account of a GitHub App: its ID is spec.github.appID, its private
// key the Secret's key privateKey. Without either, and with a key token, it makes one
// of the user whose token that is. It makes no request.
func (k *Kind) Open(provider *v1alpha1.ScmProvider, secret map[string][]byte) (providers.Account, error) {
	api, err := endpoint(provider.Spec)
	if err != nil {
		return nil, err
	}
	spec, name := provider.Spec.GitHub, provider.Spec.SecretRef.Name
	text, ok := secret[privateKeyField]
	plain, has := secret[tokenField]
	switch {
	case !ok && has && ofUser(spec):
		return k.openUser(provider, api, plain)
	case !ok && has:
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s has no key %s, which holds the GitHub App's private key as PEM: for the plain token in it, "+
				"set neither spec.github.appID nor installationID", name, privateKeyField)
	case !ok:
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s has no key %s, which holds the GitHub App's private key as PEM: %s", name, privateKeyField, keysOf(secret))
	case spec.AppID <= 0:
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"spec.github.appID is not set: the private key in Secret %s needs the ID of its GitHub App", name)
	}
	key, problem := parseKey(text)
	if problem != "" {
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"key %s of Secret %s %s", privateKeyField, name, problem)
	}
	return newAccount(k, provider, api, key), nil
}

// keysListed is how many keys of a Secret a message names.
const keysListed = 3

// keysOf names the keys that a Secret has, and nothing of what is under them.
func keysOf(secret map[string][]byte) string {
	names := slices.Sorted(maps.Keys(secret))
	switch more := len(names) - keysListed; {
	case len(names) == 0:
		return "it is empty"
	case more > 0:
		return fmt.Sprintf("it has %s and %d more", strings.Join(names[:keysListed], ", "), more)
	}
	return "it has " + strings.Join(names, ", ")
}

// openUser makes an account of a user's plain token. White space around it, such as
// the end of the line in a file, is no part of it.
func (k *Kind) openUser(provider *v1alpha1.ScmProvider, api *url.URL, text []byte) (providers.Account, error) {
	plain := strings.TrimSpace(string(text))
	problem := ""
	switch {
	case plain == "":
		problem = "is empty"
	case strings.ContainsFunc(plain, func(r rune) bool { return r <= ' ' || r > '~' }):
		problem = "is no token: it has characters that none has"
	}
	if problem != "" {
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"key %s of Secret %s %s", tokenField, provider.Spec.SecretRef.Name, problem)
	}
	return newUserAccount(k, provider, api, plainToken{&plain}), nil
}
