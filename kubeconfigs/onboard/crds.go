package onboard

import (
	"context"
	"fmt"
	"time"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// resources are those that a member serves for the hub.
var resources = []string{"commitstatuses", "gitrepos"}

const (
	servedPoll  = 100 * time.Millisecond
	servedLimit = 30 * time.Second
)

// installCRDs applies the CRDs of this version, taking over fields of other field managers, and
// waits until they are served.
func installCRDs(ctx context.Context, member client.Client) error {
	for _, crd := range crds() {
		name := crd.GetName()
		if err := apply(ctx, member, true, crd); err != nil {
			return err
		}
		err := wait.PollUntilContextTimeout(ctx, servedPoll, servedLimit, true, func(ctx context.Context) (bool, error) {
			var now apiextensionsv1.CustomResourceDefinition
			if err := member.Get(ctx, client.ObjectKey{Name: name}, &now); err != nil {
				return false, err
			}
			for _, condition := range now.Status.Conditions {
				if condition.Type == apiextensionsv1.Established && condition.Status == apiextensionsv1.ConditionTrue {
					return true, nil
				}
			}
			return false, nil
		})
		if err != nil {
			return fmt.Errorf("waiting for CRD %s to be served: %w", name, err)
		}
	}
	return nil
}

// lacksCRDs reports whether a member serves not all that the hub needs.
func lacksCRDs(member Cluster) (bool, error) {
	finder, err := discovery.NewDiscoveryClientForConfig(member.Config)
	if err != nil {
		return false, fmt.Errorf("making a client for discovery: %w", err)
	}
	served, err := servedResources(finder)
	return !served[resources[0]] || !served[resources[1]], err
}

// servedResources are those of this project's group that a cluster serves.
func servedResources(finder discovery.ServerResourcesInterface) (map[string]bool, error) {
	list, err := finder.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("asking for the kinds there are: %w", err)
	}
	served := map[string]bool{}
	for i := range list.APIResources {
		served[list.APIResources[i].Name] = true
	}
	return served, nil
}
