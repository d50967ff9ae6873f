package onboard

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// Removed is what Remove has done.
type Removed struct {
	// Secret says whether the hub had the Secret.
	Secret bool
	// Objects were deleted in the member.
	Objects []string
	// Kept are objects that Add would make, but somebody else has made or still uses.
	Kept []string
}

// Remove lets a member go: it deletes the Secret on the hub and then, unless member
// is nil, what Add made there but the CRDs. Where the Secret is gone already, it
// does the rest. It refuses a cluster that is another than the Secret's.
func Remove(ctx context.Context, hub Cluster, member *Cluster, namespace, name string) (Removed, error) {
	var done Removed
	if err := validateName(name); err != nil {
		return done, err
	}
	secret, err := memberSecret(ctx, hub, namespace, name)
	if err != nil && (member == nil || !apierrors.IsNotFound(err)) {
		return done, err
	}
	if member != nil {
		if err := notItself(ctx, hub, *member); err != nil {
			return done, err
		}
	}
	if secret != nil && member != nil {
		if err := sameCluster(ctx, *member, secret, namespace); err != nil {
			return done, err
		}
	}
	if secret != nil {
		removed, err := remove(ctx, hub, secret)
		if err != nil {
			return done, fmt.Errorf("on the hub: %w", err)
		}
		done.Secret = len(removed) > 0
	}
	if member == nil {
		return done, nil
	}
	if err := done.clean(ctx, *member, namespace); err != nil {
		return done, fmt.Errorf("the hub has let %s go, but in the member: %w", name, err)
	}
	return done, nil
}

// clean deletes in the member what was made for the account, and the account.
func (d *Removed) clean(ctx context.Context, member Cluster, namespace string) error {
	objects, err := made(ctx, member, namespace)
	if err != nil {
		return err
	}
	account, err := find(ctx, member, "ServiceAccount", client.ObjectKey{Namespace: namespace, Name: Account})
	switch {
	case err != nil:
		return err
	case account == nil:
	case account.Labels[managedBy] != Account:
		d.Kept = append(d.Kept, nameOf(account))
	default:
		objects = append(objects, account)
	}
	if d.Objects, err = remove(ctx, member, objects...); err != nil {
		return err
	}
	return d.cleanNamespace(ctx, member, namespace)
}

// cleanNamespace deletes the account's namespace where Add made it and nothing else
// is in it.
func (d *Removed) cleanNamespace(ctx context.Context, member Cluster, name string) error {
	namespace, err := find(ctx, member, "Namespace", client.ObjectKey{Name: name})
	if err != nil || namespace == nil || namespace.DeletionTimestamp != nil {
		return err
	}
	if namespace.Labels[managedBy] == Account && vacant(ctx, member, name) {
		removed, err := remove(ctx, member, namespace)
		d.Objects = append(d.Objects, removed...)
		return err
	}
	d.Kept = append(d.Kept, nameOf(namespace))
	return nil
}
