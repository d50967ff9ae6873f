package kubeconfigs

import (
	"context"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// checksAtOnce bounds the requests of one member's check.
const checksAtOnce = 4

// check finds out whether a member can be watched: it is there, it has the CRDs
// and it lets the hub list them, in the namespaces or, without any, in all. A
// cache that is started without this would try in silence for ever.
func check(ctx context.Context, c *connection, codec *codec, namespaces []string) error {
	api, err := c.api(codec)
	if err != nil {
		return err
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	group, ctx := errgroup.WithContext(asCheck(ctx))
	group.SetLimit(checksAtOnce)
	for _, namespace := range namespaces {
		for resource, list := range map[string]runtime.Object{commitStatuses: &v1alpha1.CommitStatusList{}, gitRepos: &v1alpha1.GitRepoList{}} {
			group.Go(func() error {
				return api.Get().NamespaceIfScoped(namespace, namespace != metav1.NamespaceAll).Resource(resource).
					VersionedParams(&metav1.ListOptions{Limit: 1}, codec.params).Do(ctx).Into(list)
			})
		}
	}
	return group.Wait()
}
