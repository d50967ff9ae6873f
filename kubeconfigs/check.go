package kubeconfigs

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

const (
	// checksAtOnce bounds the requests of one member's check.
	checksAtOnce = 4
	// checkBuffer is how much of an answer is in memory at a time.
	checkBuffer = 2 << 10
)

// place is where a list is of: a resource, in one namespace or, for "", in all.
type place struct{ resource, namespace string }

// check finds out whether a member can be watched: it is there, it has the CRDs
// and it lets the hub list them, in the namespaces or, without any, in all. A
// cache that is started without this would try in silence for ever. It returns the
// resource version of each list, which is the newest. It reads no items.
func check(ctx context.Context, c *connection, codec *codec, namespaces []string) (map[place]string, error) {
	api, err := c.api(codec)
	if err != nil {
		return nil, err
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	group, ctx := errgroup.WithContext(asCheck(ctx))
	group.SetLimit(checksAtOnce)
	var mu sync.Mutex
	versions := map[place]string{}
	for _, namespace := range namespaces {
		for kind, resource := range resources {
			group.Go(func() error {
				body, err := api.Get().NamespaceIfScoped(namespace, namespace != metav1.NamespaceAll).Resource(resource).
					VersionedParams(&metav1.ListOptions{Limit: 1}, codec.params).Stream(ctx)
				if err != nil {
					return err
				}
				defer func() { _ = body.Close() }()
				version, err := checkList(body, kind.Kind+"List")
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				versions[place{resource, namespace}] = version
				return nil
			})
		}
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return versions, nil
}

// checkList reads a list of a kind but for its items, and returns its version.
func checkList(body io.Reader, kind string) (version string, err error) {
	head, err := readList(newScanner(body, checkBuffer), (*scanner).skip)
	if err == nil {
		err = head.is(v1alpha1.GroupVersion.WithKind(kind))
	}
	if err != nil {
		return "", fmt.Errorf("reading a list: %w", err)
	}
	return head.version, nil
}
