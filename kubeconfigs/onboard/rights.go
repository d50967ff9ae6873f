package onboard

import (
	"strings"

	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/argoproj-labs/commit-status-hub/deploy"
)

// Rights are what the hub may do with the objects of a member, in the whole cluster
// or in each of its namespaces. They are those of deploy/member.
func Rights() []rbacv1.PolicyRule {
	var role rbacv1.ClusterRole
	if err := yaml.UnmarshalStrict(deploy.MemberRole, &role); err != nil {
		panic(err) // the file is a part of this program
	}
	return role.Rules
}

// tokenRights let the account ask for tokens of its own, by name.
func tokenRights() []rbacv1.PolicyRule {
	return []rbacv1.PolicyRule{{
		APIGroups: []string{""}, Resources: []string{"serviceaccounts/token"}, ResourceNames: []string{Account}, Verbs: []string{"create"},
	}}
}

// asked are rules as questions to an authorizer, one for each verb and resource. An
// empty namespace means all.
func asked(rules []rbacv1.PolicyRule, namespace string) []authorizationv1.ResourceAttributes {
	var questions []authorizationv1.ResourceAttributes
	for _, rule := range rules {
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					resource, subresource, _ := strings.Cut(resource, "/")
					questions = append(questions, authorizationv1.ResourceAttributes{
						Namespace: namespace, Verb: verb, Group: group, Resource: resource, Subresource: subresource,
					})
				}
			}
		}
	}
	return questions
}

// say puts a question into words.
func say(q authorizationv1.ResourceAttributes) string {
	resource := q.Resource
	if q.Subresource != "" {
		resource += "/" + q.Subresource
	}
	if q.Group != "" {
		resource += "." + q.Group
	}
	if q.Name != "" {
		resource += " of " + q.Name
	}
	if q.Namespace == "" {
		return q.Verb + " " + resource
	}
	return q.Verb + " " + resource + " in " + q.Namespace
}
