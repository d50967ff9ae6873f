package kubeconfigs

import (
	"context"
	"fmt"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// checksAtOnce bounds the requests of one member's check.
const checksAtOnce = 4

// check finds out whether a member can be watched: it is there, it has the CRDs
// and it lets the hub list them, in the namespaces or, without any, in all. A
// cache that is started without this would try in silence for ever.
func check(ctx context.Context, c *connection, scheme *runtime.Scheme, namespaces []string) error {
	reader, err := client.New(c.config, client.Options{HTTPClient: c.client, Scheme: scheme, Mapper: newMapper()})
	if err != nil {
		return fmt.Errorf("making a client for the check: %w", err)
	}
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	group, ctx := errgroup.WithContext(asCheck(ctx))
	group.SetLimit(checksAtOnce)
	for _, namespace := range namespaces {
		for _, list := range []client.ObjectList{&v1alpha1.CommitStatusList{}, &v1alpha1.GitRepoList{}} {
			group.Go(func() error {
				return reader.List(ctx, list, client.InNamespace(namespace), client.Limit(1))
			})
		}
	}
	return group.Wait()
}
