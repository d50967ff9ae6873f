package onboard

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
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

// Removal says what Remove removes.
type Removal struct {
	// Namespace is the hub's on the hub, and the account's in the member.
	Namespace, Name string
	// Orphaned reports whether the Secret is gone already: what is left in the member is meant.
	Orphaned bool
}

// Remove removes a member: it deletes the Secret on the hub and then, unless member is
// nil, what Add made there but the CRDs. It changes nothing where it refuses: a name
// without a Secret, unless Orphaned says so; a cluster other than the Secret's; a cluster
// to which another member's Secret leads; and the hub's own.
func Remove(ctx context.Context, hub Cluster, member *Cluster, r Removal) (Removed, error) {
	var done Removed
	secret, err := r.preflight(ctx, hub, member)
	if err != nil {
		return done, err
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
	if err := done.clean(ctx, *member, r.Namespace); err != nil {
		return done, fmt.Errorf("the Secret of %s is deleted; run the command again with --orphaned for what is left in the member: %w", r.Name, err)
	}
	return done, nil
}

// preflight checks whether the removal can be carried out, and returns the member's Secret; nil
// for an orphan.
func (r Removal) preflight(ctx context.Context, hub Cluster, member *Cluster) (*corev1.Secret, error) {
	if err := validateName(r.Name); err != nil {
		return nil, err
	}
	secret, err := memberSecret(ctx, hub, r.Namespace, r.Name)
	switch {
	case apierrors.IsNotFound(err) && r.Orphaned && member != nil:
	case apierrors.IsNotFound(err):
		return nil, r.unknown(ctx, hub, member, err)
	case err != nil:
		return nil, err
	case r.Orphaned:
		return nil, fmt.Errorf("member %s has its Secret: it is removed without --orphaned", r.Name)
	}
	if member == nil {
		return secret, nil
	}
	if err := notItself(ctx, hub, *member); err != nil {
		return nil, err
	}
	other, err := otherMember(ctx, hub, *member, r.Namespace, r.Name, sameEndpoint)
	switch {
	case err != nil:
		return nil, err
	case other != "" && secret == nil:
		return nil, fmt.Errorf("the context's cluster is member %q: what the hub needs there is left alone", other)
	case other != "":
		return nil, fmt.Errorf("the context's cluster is member %q too: what the hub needs there is left alone; --keep-member removes %s without it", other, r.Name)
	case secret == nil:
		return nil, nil
	}
	return secret, sameCluster(ctx, *member, secret, r.Namespace)
}

// unknown is the error for a name without a Secret: it says which member the context's
// cluster is, if it is one.
func (r Removal) unknown(ctx context.Context, hub Cluster, member *Cluster, err error) error {
	err = fmt.Errorf("there is no member %q: %w", r.Name, withMembers(ctx, hub, r.Namespace, err))
	if member == nil {
		return err
	}
	if other, failed := otherMember(ctx, hub, *member, r.Namespace, r.Name, sameEndpoint); failed == nil && other != "" {
		return fmt.Errorf("%w; the context's cluster is member %q", err, other)
	}
	return fmt.Errorf("%w; if it was deleted before, --orphaned removes what is left in the member", err)
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
