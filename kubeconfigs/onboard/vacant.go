package onboard

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// vacant reports whether a namespace contains only the objects that Kubernetes puts into every
// namespace. Where that is unknown, it returns false.
func vacant(ctx context.Context, c Cluster, namespace string) bool {
	finder, err := discovery.NewDiscoveryClientForConfig(c.Config)
	if err != nil {
		return false
	}
	groups, err := finder.ServerPreferredNamespacedResources()
	if err != nil {
		return false
	}
	for _, group := range groups {
		version, err := schema.ParseGroupVersion(group.GroupVersion)
		if err != nil {
			return false
		}
		for _, resource := range group.APIResources {
			kind := version.WithKind(resource.Kind)
			if !slices.Contains(resource.Verbs, "list") || passing(kind.Kind) {
				continue
			}
			if !without(ctx, c, namespace, kind) {
				return false
			}
		}
	}
	return true
}

// without reports whether a namespace holds nothing of a kind that matters.
func without(ctx context.Context, c client.Client, namespace string, kind schema.GroupVersionKind) bool {
	list := &metav1.PartialObjectMetadataList{}
	list.SetGroupVersionKind(kind)
	// Two are enough: one at most is in every namespace.
	err := c.List(ctx, list, client.InNamespace(namespace), client.Limit(2))
	if apierrors.IsMethodNotSupported(err) || apierrors.IsNotFound(err) {
		return true
	}
	return err == nil && !slices.ContainsFunc(list.Items, func(object metav1.PartialObjectMetadata) bool {
		return !everywhere(kind.Kind, object.Name)
	})
}

// passing reports whether objects of a kind come and go by themselves.
func passing(kind string) bool { return kind == "Event" || kind == "Lease" }

// everywhere reports whether Kubernetes puts an object into every namespace.
func everywhere(kind, name string) bool {
	return kind == "ConfigMap" && name == "kube-root-ca.crt" || kind == "ServiceAccount" && name == "default"
}
