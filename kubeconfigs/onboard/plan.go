package onboard

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

const (
	// DefaultNamespace is where the manifests put the hub, and its account in members.
	DefaultNamespace = "commit-status-system"
	// Account is the ServiceAccount that the hub has in a member.
	Account = "commit-status-hub"
	// shortestToken is the least that Kubernetes lets a token live.
	shortestToken = 10 * time.Minute
)

// Plan says what Add makes.
type Plan struct {
	// Name is the member's, and that of its Secret on the hub.
	Name string
	// Namespace is the hub's on the hub, and the account's in the member.
	Namespace string
	// Namespaces are those that the hub is let into; none means all.
	Namespaces []string
	// AllNamespaces reports whether having none is meant, where the member was limited before.
	AllNamespaces bool
	// CRDs are installed or renewed too.
	CRDs bool
	// StaticToken is a token that does not end, in place of one of TokenDuration.
	StaticToken   bool
	TokenDuration time.Duration
	// Endpoint is where the hub reaches the member.
	Endpoint Endpoint
	// ForceConflicts takes over fields of the member's objects that others manage.
	ForceConflicts bool
}

// Validate returns why nothing can be made of the plan, before anything is.
func (p Plan) Validate() error {
	if err := validateName(p.Name); err != nil {
		return err
	}
	for _, namespace := range append([]string{p.Namespace}, p.Namespaces...) {
		if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
			return fmt.Errorf("%q is no namespace: %s", namespace, wrong[0])
		}
	}
	if !p.StaticToken && p.TokenDuration < shortestToken {
		return fmt.Errorf("a token lives for %s at least", shortestToken)
	}
	_, err := p.kubeconfig("placeholder")
	return err
}

// validateName refuses what no member can be called.
func validateName(name string) error {
	if name == kubeconfigs.LocalCluster {
		return fmt.Errorf("the name %q means the hub's own cluster, choose another one", name)
	}
	if wrong := validation.IsDNS1123Subdomain(name); len(wrong) > 0 {
		return fmt.Errorf("%q cannot be a member's name: %s", name, wrong[0])
	}
	return nil
}

// kubeconfig is the one that the hub gets, which the hub itself has vetted.
func (p Plan) kubeconfig(token string) ([]byte, error) {
	written, err := p.Endpoint.kubeconfig(token)
	if err != nil {
		return nil, err
	}
	if _, err := kubeconfigs.Vet(written); err != nil {
		return nil, fmt.Errorf("the hub would refuse this member: %w", err)
	}
	return written, nil
}

// namespaces are Namespaces as the annotation has them: sorted, each once.
func (p Plan) namespaces() []string {
	sorted := slices.Clone(p.Namespaces)
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// role is the name of the roles and bindings for the rights in CommitStatuses. Hubs
// with other namespaces have others, so that they may share a member.
func role(namespace string) string {
	if namespace == DefaultNamespace {
		return Account
	}
	return Account + ":" + namespace
}

// tokenName is the name of the right to ask for tokens, or of the Secret with one.
const tokenName = Account + "-token"

// keepsLimits refuses to widen a member's rights because a flag was forgotten.
func (p Plan) keepsLimits(before []string) error {
	if len(before) == 0 || len(p.Namespaces) > 0 || p.AllNamespaces {
		return nil
	}
	limits := strings.Join(before, ",")
	return errors.New(p.Name + " is limited to some namespaces: say --namespaces " + limits + " again, or --namespaces= for all")
}
