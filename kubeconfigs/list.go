package kubeconfigs

import (
	"context"
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const (
	// pageSize is how many objects a list asks for at once: what client-go's pager does.
	pageSize = 500
	// pageCut is by how much the next page is smaller after one that was too large.
	pageCut = 8
	// pageGrowth is by how much the first page of a list is larger than the last of the
	// one before.
	pageGrowth = 2
)

// lister lists a kind by pages. Each object is handed on before the next page is read:
// whatever a member holds, the hub holds one page beside what it lets in.
type lister struct {
	// fetch asks for a page.
	fetch func(context.Context, metav1.ListOptions) (*page, error)
	// page is the size of the pages that the last list came by, 0 before the first.
	page int64
}

// list hands on all objects, and returns the version that they are as of. It asks for the
// newest state, since an API server does not divide any other into pages.
func (l *lister) list(ctx context.Context, take func(found) error) (version string, err error) {
	options := metav1.ListOptions{Limit: l.firstPage()}
	for {
		page, err := l.fetch(ctx, options)
		if errors.Is(err, errTooLarge) && options.Limit > 1 {
			options.Limit = max(1, options.Limit/pageCut)
			continue
		}
		if err != nil {
			return "", err
		}
		if version == "" {
			version = page.version
		}
		for _, f := range page.objects {
			if err := take(f); err != nil {
				return "", err
			}
		}
		if options.Continue = page.next; options.Continue == "" {
			break
		}
	}
	l.page = options.Limit
	return version, nil
}

// firstPage is the size that a list begins with. Where objects are large it comes back to
// pageSize by and by: to find out that a page is too large costs as much as one.
func (l *lister) firstPage() int64 {
	if l.page == 0 {
		return pageSize
	}
	return min(pageSize, l.page*pageGrowth)
}
