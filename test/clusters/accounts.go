package clusters

import (
	"context"
	"fmt"
	"time"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// accountName is the hub's ServiceAccount, in its own cluster and in members.
	accountName = "commit-status-hub"

	// grantPoll is how often an authorizer is asked whether it has heard of a grant,
	// which takes it some milliseconds, and grantLimit how long.
	grantPoll  = 20 * time.Millisecond
	grantLimit = 30 * time.Second
)

// HubAccount makes the account of a hub in a namespace that exists. It may do what
// deploy/hub says and nothing else.
func (c *Cluster) HubAccount(ctx context.Context, namespace string) (*rest.Config, error) {
	return c.installed(ctx, namespace, "hub", "serviceaccount.yaml", "role.yaml", "bindings.yaml")
}

// MemberAccount makes the account that hubs have in a member. It may do what
// deploy/member says and nothing else.
func (c *Cluster) MemberAccount(ctx context.Context) (*rest.Config, error) {
	return c.installed(ctx, shipped, "member", "namespace.yaml", "serviceaccount.yaml", "role.yaml", "binding.yaml", "token.yaml")
}

// As is the cluster as an account may use it: Config and Kubeconfig are the account's,
// and Client is still the administrator's.
func (c *Cluster) As(account *rest.Config) *Cluster {
	lent := *c
	lent.Config = account
	return &lent
}

// installed makes what is in files for an installation in a namespace, and returns
// its account as soon as the API server lets that do all that it may.
func (c *Cluster) installed(ctx context.Context, namespace, folder string, files ...string) (*rest.Config, error) {
	var rules []rbacv1.PolicyRule
	for _, file := range files {
		objects, err := manifests("deploy", folder, file)
		if err != nil {
			return nil, err
		}
		for _, object := range objects {
			rules = append(rules, settle(object, namespace)...)
			// Another installation has made the ClusterRole already.
			if err := client.IgnoreAlreadyExists(c.Client.Create(ctx, object)); err != nil {
				return nil, fmt.Errorf("making what %s says: %w", file, err)
			}
		}
	}
	token, err := c.token(ctx, namespace, accountName)
	if err != nil {
		return nil, err
	}
	account := rest.AnonymousClientConfig(c.Config)
	account.BearerToken = token
	return account, granted(ctx, account, namespace, len(rules))
}

// granted waits until an account has a number of rules in a namespace.
func granted(ctx context.Context, account *rest.Config, namespace string, rules int) error {
	err := wait.PollUntilContextTimeout(ctx, grantPoll, grantLimit, true, func(ctx context.Context) (bool, error) {
		known, err := RulesOf(ctx, account, namespace)
		return len(known) >= rules, err
	})
	if err != nil {
		return fmt.Errorf("waiting for the account's rights in %s: %w", namespace, err)
	}
	return nil
}

// RulesOf are the rules that the API server goes by for an account in a namespace, but
// those that everybody has.
func RulesOf(ctx context.Context, account *rest.Config, namespace string) ([]rbacv1.PolicyRule, error) {
	as, err := client.New(account, client.Options{Scheme: Scheme()})
	if err != nil {
		return nil, fmt.Errorf("making a client: %w", err)
	}
	review := &authorizationv1.SelfSubjectRulesReview{Spec: authorizationv1.SelfSubjectRulesReviewSpec{Namespace: namespace}}
	if err := as.Create(ctx, review); err != nil {
		return nil, fmt.Errorf("asking for an account's rules: %w", err)
	}
	var rules []rbacv1.PolicyRule
	for _, r := range review.Status.ResourceRules {
		if !selfReviews(r) {
			rules = append(rules, rbacv1.PolicyRule{Verbs: r.Verbs, APIGroups: r.APIGroups, Resources: r.Resources, ResourceNames: r.ResourceNames})
		}
	}
	return rules, nil
}

// selfReviews tells whether a rule lets one ask about oneself, as everybody may.
func selfReviews(r authorizationv1.ResourceRule) bool {
	for _, resource := range r.Resources {
		switch resource {
		case "selfsubjectaccessreviews", "selfsubjectrulesreviews", "selfsubjectreviews":
		default:
			return false
		}
	}
	return true
}
