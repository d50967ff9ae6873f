package onboard

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// fieldOwner manages what is applied.
const fieldOwner = "commit-status-hub-cluster"

// Added is what Add has done.
type Added struct {
	Plan Plan
	// Before is the server that the member had before; empty for a new member.
	Before string
	// Expiry is when the token ends; zero for one that does not.
	Expiry time.Time
	// NoCRDs reports whether the member lacks the CRDs.
	NoCRDs bool
	// Pruned are objects that an earlier plan had made and this one does not want.
	Pruned []string
}

// Add makes a cluster a member of the hub, or what is a member already as the plan
// says now. It looks first, and changes nothing where it refuses. What fails half
// way is made whole by doing it again.
func Add(ctx context.Context, hub, member Cluster, p Plan) (Added, error) {
	done := Added{Plan: p}
	if err := p.Validate(); err != nil {
		return done, err
	}
	before, err := p.preflight(ctx, hub, member)
	if err != nil {
		return done, err
	}
	if before != nil {
		done.Before = serverOf(before)
	}
	if err := p.prepare(ctx, member); err != nil {
		return done, err
	}
	token, expiry, err := p.token(ctx, member)
	if err != nil {
		return done, err
	}
	if err := p.sameAccount(ctx, member, token); err != nil {
		return done, err
	}
	done.Expiry = expiry
	kubeconfig, err := p.kubeconfig(token)
	if err != nil {
		return done, err
	}
	limited := false
	if before != nil {
		_, limited = before.Annotations[kubeconfigs.NamespacesAnnotation]
	}
	if err := apply(ctx, hub, true, p.secret(kubeconfig, limited)); err != nil {
		return done, fmt.Errorf("on the hub: %w", err)
	}
	if done.Pruned, err = p.prune(ctx, member); err != nil {
		return done, fmt.Errorf("in the member: %w", err)
	}
	done.NoCRDs, err = lacksCRDs(member)
	if err != nil {
		return done, fmt.Errorf("in the member: %w", err)
	}
	return done, nil
}

// prepare makes what the member needs but the token.
func (p Plan) prepare(ctx context.Context, member Cluster) error {
	if p.CRDs {
		if err := installCRDs(ctx, member); err != nil {
			return fmt.Errorf("in the member: %w", err)
		}
	}
	err := member.Get(ctx, client.ObjectKey{Name: p.Namespace}, &corev1.Namespace{})
	if apierrors.IsNotFound(err) {
		err = apply(ctx, member, p.ForceConflicts, p.namespaceObject())
	}
	if err != nil {
		return fmt.Errorf("in the member: namespace %s: %w", p.Namespace, err)
	}
	if err := apply(ctx, member, p.ForceConflicts, append([]*unstructured.Unstructured{p.account()}, p.rbac()...)...); err != nil {
		return fmt.Errorf("in the member: %w", err)
	}
	return nil
}

// apply makes objects be as they are given, as far as they say. Without force it
// refuses to change what somebody else manages.
func apply(ctx context.Context, c client.Client, force bool, objects ...*unstructured.Unstructured) error {
	options := []client.ApplyOption{client.FieldOwner(fieldOwner)}
	if force {
		options = append(options, client.ForceOwnership)
	}
	for _, object := range objects {
		name := nameOf(object)
		err := c.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), options...)
		switch {
		case apierrors.IsConflict(err):
			return fmt.Errorf("applying %s: somebody else made it otherwise; if it is a hub's own, choose another --namespace, "+
				"else take it over with --force-conflicts: %w", name, err)
		case err != nil:
			return fmt.Errorf("applying %s: %w", name, err)
		}
	}
	return nil
}

// nameOf names an object for people, as kubectl does.
func nameOf(object client.Object) string {
	kind := object.GetObjectKind().GroupVersionKind().Kind
	if object.GetNamespace() == "" {
		return kind + " " + object.GetName()
	}
	return kind + " " + object.GetNamespace() + "/" + object.GetName()
}

// serverOf is the server of a member's Secret; empty where the hub cannot use it.
func serverOf(secret *corev1.Secret) string {
	access, err := kubeconfigs.Vet(secret.Data[kubeconfigs.KubeconfigKey])
	if err != nil {
		return ""
	}
	return access.Host
}
