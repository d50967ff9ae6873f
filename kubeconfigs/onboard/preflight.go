package onboard

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// preflight checks whether the plan can be carried out, and returns the member's Secret as it
// was before; nil for a new member.
func (p Plan) preflight(ctx context.Context, hub, member Cluster) (*corev1.Secret, error) {
	if err := exists(ctx, hub, p.Namespace); err != nil {
		return nil, fmt.Errorf("on the hub: %w; install the hub first, or name its namespace with --namespace", err)
	}
	before, err := memberSecret(ctx, hub, p.Namespace, p.Name)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, err
	}
	if before != nil {
		if err := p.keepsLimits(kubeconfigs.Namespaces(before)); err != nil {
			return nil, err
		}
	}
	for _, namespace := range p.Namespaces {
		if namespace == p.Namespace {
			continue // made where it is missing
		}
		if err := exists(ctx, member, namespace); err != nil {
			return nil, fmt.Errorf("in the member: %w", err)
		}
	}
	if err := notItself(ctx, hub, member); err != nil {
		return nil, err
	}
	if before != nil {
		if err := p.notAnother(ctx, member, before); err != nil {
			return nil, err
		}
	}
	return before, p.notTwice(ctx, hub, member)
}

func exists(ctx context.Context, c client.Client, namespace string) error {
	err := c.Get(ctx, client.ObjectKey{Name: namespace}, &corev1.Namespace{})
	if apierrors.IsNotFound(err) {
		return fmt.Errorf("there is no namespace %s", namespace)
	}
	return err
}

// memberSecret returns a member's Secret. Another's is refused.
func memberSecret(ctx context.Context, hub client.Client, namespace, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	if err := hub.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, secret); err != nil {
		return nil, fmt.Errorf("on the hub: %w", err)
	}
	if secret.Labels[kubeconfigs.MemberLabel] != "true" {
		return nil, fmt.Errorf("on the hub: Secret %s/%s is no member's: it lacks the label %s=true", namespace, name, kubeconfigs.MemberLabel)
	}
	return secret, nil
}

// withMembers adds to the error that a member's Secret was not found where it was looked for, and
// which members are there.
func withMembers(ctx context.Context, hub client.Client, namespace string, err error) error {
	if !apierrors.IsNotFound(err) {
		return err
	}
	members, failed := List(ctx, hub, namespace)
	if failed != nil || len(members) == 0 {
		return fmt.Errorf("%w in namespace %s", err, namespace)
	}
	names := make([]string, 0, len(members))
	for i := range members {
		names = append(names, members[i].Name)
	}
	return fmt.Errorf("%w in namespace %s; its members are %s", err, namespace, strings.Join(names, ", "))
}

var errItself = fmt.Errorf("both contexts lead to one cluster: the hub serves its own as %q", kubeconfigs.LocalCluster)

// notItself refuses the hub's own cluster, where the account is the hub's own.
func notItself(ctx context.Context, hub, member Cluster) error {
	var ids [2]types.UID
	for i, c := range []Cluster{hub, member} {
		namespace := &corev1.Namespace{}
		err := c.Get(ctx, client.ObjectKey{Name: "kube-system"}, namespace)
		switch {
		case apierrors.IsForbidden(err), apierrors.IsNotFound(err):
			if serverAt(hub.Config) == serverAt(member.Config) {
				return errItself
			}
			return nil // as far as is known
		case err != nil:
			return fmt.Errorf("telling the clusters apart: %w", err)
		}
		ids[i] = namespace.UID
	}
	if ids[0] == ids[1] {
		return errItself
	}
	return nil
}

// claimsOf reads the token of a member's Secret; zero where it has none.
func claimsOf(secret *corev1.Secret) kubeconfigs.TokenClaims {
	access, err := kubeconfigs.Vet(secret.Data[kubeconfigs.KubeconfigKey])
	if err != nil {
		return kubeconfigs.TokenClaims{}
	}
	claims, _ := kubeconfigs.ReadToken(access.BearerToken)
	return claims
}
