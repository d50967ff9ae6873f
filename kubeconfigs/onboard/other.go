package onboard

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// likeness reports whether two ways to an API server lead to one cluster, where no
// account tells.
type likeness func(a, b *rest.Config) (bool, error)

// otherMember returns the name of a member other than name whose Secret leads to this
// cluster; empty for none. The account of the Secret's token tells, by its UID; of a
// Secret without one, or whose account may not be looked up, alike does.
func otherMember(ctx context.Context, hub, member Cluster, namespace, name string, alike likeness) (string, error) {
	var secrets corev1.SecretList
	if err := hub.List(ctx, &secrets, client.InNamespace(namespace), client.MatchingLabels{kubeconfigs.MemberLabel: "true"}); err != nil {
		return "", fmt.Errorf("on the hub: %w", err)
	}
	known := accounts{}
	for i := range secrets.Items {
		other := &secrets.Items[i]
		if other.Name == name {
			continue
		}
		leads, err := known.leadsTo(ctx, member, other, alike)
		if err != nil {
			return "", err
		}
		if leads {
			return other.Name, nil
		}
	}
	return "", nil
}

// accounts are UIDs of ServiceAccounts in one cluster, as far as they were looked up;
// empty for one that there is not. One that may not be looked up is nil.
type accounts map[client.ObjectKey]*types.UID

// leadsTo reports whether a Secret leads to the cluster.
func (known accounts) leadsTo(ctx context.Context, member Cluster, secret *corev1.Secret, alike likeness) (bool, error) {
	access := accessOf(secret)
	if access == nil {
		return false, nil // the hub does not use it either
	}
	if claims := claimsOf(secret); claims.UID != "" && claims.Name != "" {
		key := client.ObjectKey{Namespace: claims.Namespace, Name: claims.Name}
		uid, looked := known[key]
		if !looked {
			found, err := accountUID(ctx, member, key)
			switch {
			case apierrors.IsForbidden(err):
			case err != nil:
				return false, err
			default:
				uid = &found
			}
			known[key] = uid
		}
		if uid != nil {
			return *uid == claims.UID, nil
		}
	}
	return alike(access, member.Config)
}

// accountUID returns the UID of a ServiceAccount in a member; empty where there is none.
func accountUID(ctx context.Context, member client.Client, key client.ObjectKey) (types.UID, error) {
	account := &corev1.ServiceAccount{}
	err := member.Get(ctx, key, account)
	if err != nil && !apierrors.IsNotFound(err) {
		return "", fmt.Errorf("in the member: %w", err)
	}
	return account.UID, nil
}

// notTwice refuses a cluster that is a member under another name already.
func (p Plan) notTwice(ctx context.Context, hub, member Cluster) error {
	// Not by its CA: clusters may share one.
	other, err := otherMember(ctx, hub, member, p.Namespace, p.Name, func(a, b *rest.Config) (bool, error) {
		return serverAt(a) == serverAt(b) || serverAt(a) == serverAt(&rest.Config{Host: p.Endpoint.Server}), nil
	})
	if err == nil && other != "" {
		err = fmt.Errorf("this cluster is a member already, as %q", other)
	}
	return err
}

// notAnother refuses to give a member's name to another cluster, which would end the hub's
// access to the one that has it.
func (p Plan) notAnother(ctx context.Context, member Cluster, before *corev1.Secret) error {
	access := accessOf(before)
	if access == nil {
		return nil
	}
	if claims := claimsOf(before); claims.UID != "" && claims.Name != "" {
		uid, err := accountUID(ctx, member, client.ObjectKey{Namespace: claims.Namespace, Name: claims.Name})
		if err != nil && !apierrors.IsForbidden(err) {
			return err
		}
		if uid == claims.UID {
			return nil
		}
	}
	// The account may have been made anew, and the address be another.
	same, err := sameEndpoint(access, member.Config)
	if err != nil || same || serverAt(access) == serverAt(&rest.Config{Host: p.Endpoint.Server}) {
		return err
	}
	return fmt.Errorf("the context's cluster is not %s, which is at %s with another CA; to have the name mean another cluster, "+
		"first let go of the one that has it: cluster remove %s --keep-member", p.Name, access.Host, p.Name)
}

// sameAccount refuses a token that is not the account's: the member's API server gave it,
// and the hub tells clusters apart by what it says.
func (p Plan) sameAccount(ctx context.Context, member Cluster, token string) error {
	claims, _ := kubeconfigs.ReadToken(token)
	uid, err := accountUID(ctx, member, client.ObjectKey{Namespace: p.Namespace, Name: Account})
	if err != nil {
		return err
	}
	if claims.Namespace != p.Namespace || claims.Name != Account || claims.UID != uid {
		return fmt.Errorf("in the member: the token is not one of ServiceAccount %s/%s", p.Namespace, Account)
	}
	return nil
}
