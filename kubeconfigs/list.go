package kubeconfigs

import (
	"context"
	"errors"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/clock"
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

// lister lists a kind by pages. Each object is handed on before the next is read: whatever a
// member holds, the hub holds one object beside what it lets in.
type lister struct {
	// fetch asks for a page, and hands on its objects, also those of one that fails later.
	fetch fetcher
	// limit is how many objects of the kind the hub takes from the member.
	limit int
	clock clock.PassiveClock
	// wait waits before a page that the member was too busy for is asked for again.
	wait func(context.Context, error)
	// page is the size of the pages that the last list came by, 0 before the first.
	page int64
	// truncated reports whether the last list has more pages than were read.
	truncated bool
}

// fetcher asks for a page and hands on its objects.
type fetcher func(context.Context, metav1.ListOptions, func(found) error) (page, error)

// listState is how far a list is.
type listState struct {
	options metav1.ListOptions
	end     *listEnd
	// version is that of the first page: what changes while the others are read is brought
	// by the watch that begins there.
	version string
	// recovering reports whether the token to go on with took the place of one that had expired,
	// and grown that the list began again by larger pages.
	recovering, grown bool
	// partial reports whether objects of the page that failed were handed on.
	partial bool
}

// list hands on all objects, and returns the version that they are as of. It asks for the
// newest state, since an API server does not divide any other into pages. It calls again
// before it begins again, after which all objects that it handed on count for nothing.
func (l *lister) list(ctx context.Context, take func(found) error, again func()) (version string, err error) {
	s := l.begin(l.firstPage(), l.clock.Now())
	for more := true; more; {
		if err := s.end.late(l.clock.Now()); err != nil {
			return "", err
		}
		handed := 0
		page, err := l.fetch(ctx, s.options, func(f found) error {
			handed++
			return take(f)
		})
		if err != nil {
			s.partial = handed > 0
			if err := l.recover(ctx, s, err, again); err != nil {
				return "", err
			}
			continue
		}
		if more, err = s.turn(page); err != nil {
			return "", err
		}
	}
	l.page, l.truncated = s.options.Limit, s.options.Continue != ""
	return s.version, nil
}

// begin begins a list, whose time runs from begun on.
func (l *lister) begin(page int64, begun time.Time) *listState {
	return &listState{options: metav1.ListOptions{Limit: page}, end: newListEnd(begun, l.limit, page)}
}

// turn takes in the end of a page, and reports whether there are more.
func (s *listState) turn(p page) (more bool, err error) {
	if s.version == "" {
		s.version = p.version
	}
	s.recovering, s.options.Continue = false, p.next
	return s.end.next(s.options.Limit, p.objects, p.next)
}

// recover has a list go on after a page that failed, or returns why it does not. A page that
// is too large is asked for in smaller ones, from the beginning where it was found out in the
// middle. Where the token to continue with has expired,
// as it does after some minutes, the list goes on by the token that the member offers in its
// place; where that has expired too it begins again by larger pages, up to one for all that
// may be there, as client-go's pager does.
func (l *lister) recover(ctx context.Context, s *listState, err error, again func()) error {
	switch {
	case errors.Is(err, errTooLarge) && s.options.Limit > 1 && !s.grown:
		smaller := max(1, s.options.Limit/pageCut)
		if s.partial {
			*s = *l.begin(smaller, s.end.begun)
			again()
		}
		s.options.Limit = smaller
	case apierrors.IsTooManyRequests(err):
		l.wait(ctx, err)
		return ctx.Err()
	case s.options.Continue == "" || !apierrors.IsResourceExpired(err):
		return err
	case recovery(err) != "" && !s.recovering:
		s.recovering, s.options.Continue = true, recovery(err)
	case s.options.Limit < int64(listSlack*l.limit):
		*s = *l.begin(s.options.Limit*pageCut, s.end.begun)
		s.grown = true
		again()
	default:
		return err
	}
	return nil
}

// firstPage is the size that a list begins with. Where objects are large it comes back to
// pageSize by and by: to find out that a page is too large costs as much as one.
func (l *lister) firstPage() int64 {
	if l.page == 0 {
		return pageSize
	}
	return min(pageSize, l.page*pageGrowth)
}
