package onboard

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rbacKinds are the kinds of a member's rights, bindings first: what is bound to
// nothing is deleted in peace.
var rbacKinds = []schema.GroupVersionKind{
	rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"),
	rbacv1.SchemeGroupVersion.WithKind("RoleBinding"),
	rbacv1.SchemeGroupVersion.WithKind("ClusterRole"),
	rbacv1.SchemeGroupVersion.WithKind("Role"),
}

// made returns the rights, and the Secret with a token, that were made in a member
// for the account of a namespace. Labels and names tell.
func made(ctx context.Context, member client.Client, namespace string) ([]client.Object, error) {
	var objects []client.Object
	for _, kind := range rbacKinds {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(kind)
		if err := member.List(ctx, list, client.MatchingLabels{managedBy: Account}); err != nil {
			return nil, fmt.Errorf("listing the kind %s: %w", kind.Kind, err)
		}
		for i := range list.Items {
			object := &list.Items[i]
			if object.Name == role(namespace) || object.Name == tokenName && object.Namespace == namespace {
				object.SetGroupVersionKind(kind)
				objects = append(objects, object)
			}
		}
	}
	secret, err := find(ctx, member, "Secret", client.ObjectKey{Namespace: namespace, Name: tokenName})
	if secret != nil && secret.Labels[managedBy] == Account {
		objects = append(objects, secret)
	}
	return objects, err
}

// find returns what says which object of a core kind there is; nil for none.
func find(ctx context.Context, c client.Client, kind string, key client.ObjectKey) (*metav1.PartialObjectMetadata, error) {
	object := &metav1.PartialObjectMetadata{}
	object.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
	err := c.Get(ctx, key, object)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("looking for %s %s: %w", kind, key.Name, err)
	}
	return object, nil
}

// prune deletes what an earlier plan made and this one does not want, and names it.
func (p Plan) prune(ctx context.Context, member client.Client) ([]string, error) {
	wanted := map[string]bool{}
	for _, object := range p.rbac() {
		wanted[nameOf(object)] = true
	}
	if p.StaticToken {
		wanted[nameOf(p.tokenSecret())] = true
	}
	objects, err := made(ctx, member, p.Namespace)
	if apierrors.IsForbidden(err) && len(p.Namespaces) > 0 {
		return nil, nil // who has rights in some namespaces made nothing in others
	}
	if err != nil {
		return nil, err
	}
	var unwanted []client.Object
	for _, object := range objects {
		if !wanted[nameOf(object)] {
			unwanted = append(unwanted, object)
		}
	}
	return remove(ctx, member, unwanted...)
}

// remove deletes the very objects that were seen, and names those that there were.
func remove(ctx context.Context, c client.Client, objects ...client.Object) ([]string, error) {
	var removed []string
	for _, object := range objects {
		uid, name := object.GetUID(), nameOf(object)
		err := c.Delete(ctx, object, client.Preconditions{UID: &uid})
		switch {
		case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		case err != nil:
			return removed, fmt.Errorf("deleting %s: %w", name, err)
		default:
			removed = append(removed, name)
		}
	}
	return removed, nil
}
