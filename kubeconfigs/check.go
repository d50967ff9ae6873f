package kubeconfigs

import (
	"context"
	"fmt"
	"io"
	"sync"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

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

// findings are what a check found.
type findings struct {
	// versions are the resource versions of the lists, which are the newest.
	versions map[place]string
	// forbidden are the namespaces of which the member does not let the hub list a kind.
	forbidden map[string]error
}

// check finds out whether a member can be watched: it is there, it has the CRDs
// and it lets the hub list them, in the namespaces or, without any, in all. A
// cache that is started without this would try in silence for ever. It reads no items.
// Where only some of the namespaces are forbidden the others can be watched.
func check(ctx context.Context, c *connection, codec *codec, namespaces []string) (findings, error) {
	api, err := c.api(codec)
	if err != nil {
		return findings{}, err
	}
	if len(namespaces) == 0 {
		namespaces = []string{metav1.NamespaceAll}
	}
	group, ctx := errgroup.WithContext(asCheck(ctx))
	group.SetLimit(checksAtOnce)
	var mu sync.Mutex
	found := findings{versions: map[place]string{}, forbidden: map[string]error{}}
	for _, namespace := range namespaces {
		for kind, resource := range resources {
			group.Go(func() error {
				version, err := checkPlace(ctx, api, codec, place{resource, namespace}, kind.Kind+"List")
				mu.Lock()
				defer mu.Unlock()
				if namespace != metav1.NamespaceAll && apierrors.IsForbidden(err) {
					found.forbidden[namespace] = err
					return nil
				}
				found.versions[place{resource, namespace}] = version
				return err
			})
		}
	}
	if err := group.Wait(); err != nil {
		return findings{}, err
	}
	if len(found.forbidden) == len(namespaces) {
		return findings{}, found.forbidden[namespaces[0]]
	}
	return found, nil
}

// checkPlace asks for a list and returns its version.
func checkPlace(ctx context.Context, api rest.Interface, codec *codec, at place, kind string) (version string, err error) {
	body, err := api.Get().NamespaceIfScoped(at.namespace, at.namespace != metav1.NamespaceAll).Resource(at.resource).
		VersionedParams(&metav1.ListOptions{Limit: 1}, codec.params).Stream(ctx)
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }()
	return checkList(body, kind)
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
