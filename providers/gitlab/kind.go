package gitlab

import (
	"strings"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// kindName is the field of a ScmProviderSpec that selects GitLab, and the name
// of the SCM in metrics.
const kindName = "gitlab"

const tokenField = "token"

// Kind opens ScmProviders that are a GitLab.
type Kind struct {
	installations *ratelimit.Installations
	clock         clock.Clock
	users         *users
}

var _ providers.Kind = (*Kind)(nil)

// NewKind makes the kind. Accounts spend the budgets of installations, and tell
// time by clk. What it learned of tokens outlives the accounts.
func NewKind(installations *ratelimit.Installations, clk clock.Clock) *Kind {
	return &Kind{installations: installations, clock: clk, users: newUsers()}
}

// Name is "gitlab".
func (*Kind) Name() string { return kindName }

// Title is "GitLab".
func (*Kind) Title() string { return "GitLab" }

// Host is the API's host, which has the web pages too. It fails with an *Error
// where the API's URL is not one that a credential may be sent to.
func (*Kind) Host(spec v1alpha1.ScmProviderSpec) (string, error) {
	api, err := endpoint(spec)
	if err != nil {
		return "", err
	}
	return webRoot(api), nil
}

// Fold is the repository in lower case: GitLab takes Acme/Shop and acme/shop for
// the same.
func (*Kind) Fold(repository string) string { return strings.ToLower(repository) }

// FoldName is the name as it is: GitLab tells names apart that differ in case.
func (*Kind) FoldName(_ v1alpha1.ScmProviderSpec, name string) string { return name }

// Open makes an account of an access token, which is the Secret's key token. It
// makes no request.
func (k *Kind) Open(provider *v1alpha1.ScmProvider, data map[string][]byte) (providers.Account, error) {
	api, err := endpoint(provider.Spec)
	if err != nil {
		return nil, err
	}
	name := provider.Spec.SecretRef.Name
	text, ok := data[tokenField]
	token := strings.TrimSpace(string(text))
	switch {
	case !ok:
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s has no key %s, which holds an access token of GitLab", name, tokenField)
	case token == "":
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid, "key %s of Secret %s is empty", tokenField, name)
	case strings.ContainsFunc(token, notInToken):
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid, "key %s of Secret %s is not an access token", tokenField, name)
	}
	return newAccount(k, provider, api, newSecret(token))
}

// notInToken reports whether a character cannot be sent as part of a header.
func notInToken(r rune) bool { return r <= ' ' || r > '~' }
