package kubeconfigs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utilnet "k8s.io/apimachinery/pkg/util/net"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/clock"
)

// How a feed watches: what client-go's reflectors do.
const (
	// A watch is asked for for so long, and then for another.
	shortestWatch, longestWatch = 5 * time.Minute, 10 * time.Minute
	// emptyWatch is how long a watch that brings nothing must last at least, so that
	// another is asked for at once.
	emptyWatch = time.Second
	// calm is after which time without a failure the waits start over.
	calm = 2 * time.Minute
)

// feedBackoff is how long a feed waits after a failure.
var feedBackoff = wait.Backoff{Duration: 800 * time.Millisecond, Cap: 30 * time.Second, Steps: 38, Factor: 2, Jitter: 1}

var (
	// errRelist ends a watch after which only another list tells what there is.
	errRelist = errors.New("another list has become necessary")
	// errEmptyWatch ends a watch that was over at once.
	errEmptyWatch = errors.New("the watch ended at once, and brought nothing")
)

// feed lists and watches one kind, in one namespace or in all, and brings an informer what
// is let in. It has one goroutine, which reads a watch, decodes it and tells of it.
type feed struct {
	*lister
	into   *informer
	intake *intake
	// omitted are the objects that cannot be read.
	omitted *omitted
	objects *objects
	// open begins a watch. Its body is the events as JSON.
	open func(context.Context, metav1.ListOptions) (io.ReadCloser, error)
	// unreadable hears of every event.
	unreadable *unreadable
	// delay is how long to wait after a failure.
	delay  wait.DelayFunc
	clock  clock.Clock
	log    logr.Logger
	listed bool
}

// run feeds until ctx ends.
func (f *feed) run(ctx context.Context) {
	for ctx.Err() == nil {
		version, err := f.relist(ctx)
		for err == nil {
			version, err = f.watch(ctx, version)
		}
		if ctx.Err() == nil {
			// Not the error's text, which may be the member's; health has it, made fit to be told.
			f.log.V(1).Info("listing anew", "kind", fmt.Sprintf("%T", f.into.kind), "reason", diagnose(err).Reason)
		}
		f.pause(ctx)
	}
}

// pause waits after a failure.
func (f *feed) pause(ctx context.Context) {
	timer := f.clock.NewTimer(f.delay())
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	}
}

// relist brings a whole list, and returns the version that a watch goes on from.
func (f *feed) relist(ctx context.Context) (version string, err error) {
	listing := f.intake.list()
	defer listing.abandon()
	var left omission
	version, err = f.list(ctx, func(found found) error {
		if found.err != nil {
			left.add(found.name, f.intake.holds(found.name))
			return nil
		}
		return f.into.offer(listing, found.object, found.size)
	})
	if err != nil {
		return "", fmt.Errorf("listing: %w", err)
	}
	f.omitted.replace(left)
	if err := f.into.complete(listing); err != nil {
		return "", err
	}
	if !f.listed {
		f.listed = true
		f.into.listed()
	}
	return version, nil
}

// watch watches once from a version on. It returns the version that another watch goes on
// from, or why there can be none.
func (f *feed) watch(ctx context.Context, version string) (string, error) {
	seconds := int64((shortestWatch + rand.N(longestWatch-shortestWatch)).Seconds())
	begin := f.clock.Now()
	body, err := f.open(ctx, metav1.ListOptions{Watch: true, ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds})
	switch {
	case err != nil && (utilnet.IsConnectionRefused(err) || apierrors.IsTooManyRequests(err)):
		f.pause(ctx) // what the watch goes on from is as good afterwards
		return version, ctx.Err()
	case err != nil:
		return "", fmt.Errorf("watching: %w", err)
	}
	stream := f.objects.stream(body)
	defer func() { _ = body.Close() }()
	for n := 0; ; n++ {
		event, err := f.read(ctx, stream)
		switch {
		case ctx.Err() != nil:
			return "", ctx.Err()
		case errors.Is(err, errOver) && n == 0 && f.clock.Since(begin) < emptyWatch:
			return "", errEmptyWatch
		case errors.Is(err, errOver):
			return version, nil
		case err != nil:
			return "", err
		}
		if event.version != "" {
			version = event.version
		}
		if err := f.take(event); err != nil {
			return "", err
		}
	}
}

// take brings an event to the informer.
func (f *feed) take(e event) error {
	var err error
	switch {
	case e.kind == watch.Bookmark:
		err = f.intake.settle().deliver()
	case e.kind == watch.Deleted:
		if !f.omitted.unset(e.name) {
			err = f.into.withdraw(f.intake, e.name, e.object)
		}
	case e.err != nil:
		err = f.omit(e)
	default:
		added := f.omitted.unset(e.name) || e.kind == watch.Added
		err = f.into.admit(f.intake, e.object, added, e.size)
	}
	if err == nil && (f.intake.relist() || f.omitted.relist()) {
		return errRelist
	}
	return err
}

// omit leaves out an object that cannot be read. If it was let in before, it is out of sight
// from now on.
func (f *feed) omit(e event) error {
	f.omitted.set(e.name, f.intake.holds(e.name), e.kind == watch.Added)
	return f.into.lose(f.intake, e.name)
}
