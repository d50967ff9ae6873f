package gitea

import (
	"strings"

	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// kindName is the field of a ScmProviderSpec that selects Gitea, and the name of
// the SCM in metrics.
const kindName = "gitea"

// tokenField is the key of the Secret that holds the access token.
const tokenField = "token"

// Kind opens ScmProviders that are a Gitea or a Forgejo.
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

// Name is "gitea".
func (*Kind) Name() string { return kindName }

// Title is "Gitea".
func (*Kind) Title() string { return "Gitea" }

// Host is the root of the API, which has the web pages as well. It fails with an
// *Error where the API's URL is not one that a credential may be sent to.
func (*Kind) Host(spec v1alpha1.ScmProviderSpec) (string, error) {
	api, err := endpoint(spec)
	if err != nil {
		return "", err
	}
	return webRoot(api), nil
}

// Fold is the repository in lower case: Gitea takes Acme/Shop and acme/shop for
// the same.
func (*Kind) Fold(repository string) string { return strings.ToLower(repository) }

// FoldName is the name as it is: Gitea tells contexts apart that differ in case.
func (*Kind) FoldName(_ v1alpha1.ScmProviderSpec, name string) string { return name }

// Open makes an account of the access token in the Secret's key token. It makes
// no request.
func (k *Kind) Open(provider *v1alpha1.ScmProvider, secret map[string][]byte) (providers.Account, error) {
	api, err := endpoint(provider.Spec)
	if err != nil {
		return nil, err
	}
	name := provider.Spec.SecretRef.Name
	text := strings.TrimSpace(string(secret[tokenField]))
	switch {
	case text == "":
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"Secret %s has no key %s, which holds an access token of Gitea", name, tokenField)
	case !printable(text):
		return nil, providers.Errorf(v1alpha1.ReasonCredentialsInvalid,
			"key %s of Secret %s is no access token: it holds white space or characters beyond ASCII", tokenField, name)
	}
	return newAccount(k, provider, api, &credential{text}), nil
}

// printable reports whether text can stand in a header as it is.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r > '~' })
}

// credential is an access token. It is kept behind a pointer, so that nothing prints
// it that prints what holds it.
type credential struct{ token string }

// String is ***.
func (*credential) String() string { return "***" }

// GoString is ***.
func (*credential) GoString() string { return "***" }
