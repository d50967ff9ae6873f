package kubeconfigs

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
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

// listWatch is what an informer lists and watches a kind by. It lets in what the intake
// does, and keeps of each object what keep does, before the next is read: whatever a
// member holds, the hub holds one page beside what it was let in.
type listWatch struct {
	from   toolscache.ListerWatcherWithContext
	intake *intake
	keep   func(client.Object) (size int)
	// unreadable hears of every event.
	unreadable *unreadable
	// page is the size of the pages that the last list came by, 0 before the first.
	page int64
}

// IsWatchListSemanticsUnSupported tells client-go to list by pages. A list that is streamed
// comes in an order in which the oldest are not known before the end, when all are in memory.
func (*listWatch) IsWatchListSemanticsUnSupported() bool { return true }

// List implements toolscache.ListerWatcher.
func (l *listWatch) List(options metav1.ListOptions) (runtime.Object, error) {
	return l.ListWithContext(context.Background(), options)
}

// Watch implements toolscache.ListerWatcher.
func (l *listWatch) Watch(options metav1.ListOptions) (watch.Interface, error) {
	return l.WatchWithContext(context.Background(), options)
}

// ListWithContext lists what is let in. It asks for the newest state, since an API server
// does not divide any other into pages.
func (l *listWatch) ListWithContext(ctx context.Context, options metav1.ListOptions) (runtime.Object, error) {
	options.ResourceVersion, options.ResourceVersionMatch = "", ""
	options.Limit, options.Continue = l.firstPage(), ""
	chosen := l.intake.choose()
	for version := ""; ; {
		page, err := l.from.ListWithContext(ctx, options)
		if errors.Is(err, errTooLarge) && options.Limit > 1 {
			options.Limit = max(1, options.Limit/pageCut)
			continue
		}
		if err != nil {
			return nil, err
		}
		list, err := meta.ListAccessor(page)
		if err != nil {
			return nil, fmt.Errorf("reading a page of a list: %w", err)
		}
		if version == "" {
			version = list.GetResourceVersion()
		}
		if err := l.choose(chosen, page); err != nil {
			return nil, err
		}
		if options.Continue = list.GetContinue(); options.Continue == "" {
			l.page = options.Limit
			return l.listOf(page, chosen, version)
		}
	}
}

// firstPage is the size that a list begins with. Where objects are large it comes back to
// pageSize by and by: to find out that a page is too large costs as much as one.
func (l *listWatch) firstPage() int64 {
	if l.page == 0 {
		return pageSize
	}
	return min(pageSize, l.page*pageGrowth)
}

// choose has the objects of a page compete.
func (l *listWatch) choose(chosen *selection, page runtime.Object) error {
	err := meta.EachListItemWithAlloc(page, func(item runtime.Object) error {
		object, ok := item.(client.Object)
		if !ok {
			return fmt.Errorf("%T is not an object", item)
		}
		chosen.add(object, l.keep(object))
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading a page of a list: %w", err)
	}
	return nil
}

// listOf makes a page the list of what was chosen.
func (l *listWatch) listOf(page runtime.Object, chosen *selection, version string) (runtime.Object, error) {
	objects := make([]runtime.Object, len(chosen.chosen))
	for n, w := range chosen.chosen {
		objects[n] = w.object
	}
	if err := meta.SetList(page, objects); err != nil {
		return nil, fmt.Errorf("making the list: %w", err)
	}
	list, err := meta.ListAccessor(page)
	if err != nil {
		return nil, fmt.Errorf("making the list: %w", err)
	}
	list.SetResourceVersion(version)
	list.SetRemainingItemCount(nil)
	l.intake.take(chosen)
	return page, nil
}

// WatchWithContext watches what is let in.
func (l *listWatch) WatchWithContext(ctx context.Context, options metav1.ListOptions) (watch.Interface, error) {
	from, err := l.from.WatchWithContext(ctx, options)
	if err != nil {
		return nil, err
	}
	return newSieve(from, l.sift), nil
}

// sift decides over one event. A list that has become necessary is brought about by
// what an API server says when a watch can't go on.
func (l *listWatch) sift(event watch.Event) (watch.Event, bool) {
	l.unreadable.note(event)
	object, ok := event.Object.(client.Object)
	if !ok || event.Type == watch.Error {
		return event, true
	}
	pass := true
	switch event.Type {
	case watch.Added, watch.Modified:
		pass = l.intake.admit(object, event.Type == watch.Added, l.keep(object))
	case watch.Deleted:
		pass = l.intake.remove(object)
	default:
		l.intake.settle()
	}
	if l.intake.relist() {
		return expired(), true
	}
	return event, pass
}
