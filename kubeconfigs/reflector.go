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

// How a reflector watches: what client-go's reflectors do.
const (
	// A watch is asked for for so long, and then for another.
	shortestWatch, longestWatch = 5 * time.Minute, 10 * time.Minute
	// shortWatch is how long a watch must last at least, so that another is asked for at once.
	// After a shorter one that brought nothing, the kind is listed anew.
	shortWatch = time.Second
	// calm is after which time without a failure the waits start over.
	calm = 2 * time.Minute
	// longestPause bounds how long a member may have the hub wait.
	longestPause = time.Minute
)

// reflectorBackoff is how long a reflector waits after a failure, and reopenBackoff how long after a watch
// that ended at once although it brought events.
var (
	reflectorBackoff = wait.Backoff{Duration: 800 * time.Millisecond, Cap: 30 * time.Second, Steps: 38, Factor: 2, Jitter: 1}
	reopenBackoff    = wait.Backoff{Duration: 200 * time.Millisecond, Cap: 8 * time.Second, Steps: 38, Factor: 2, Jitter: 1}
)

var (
	// errRelist ends a watch after which only another list can show what exists.
	errRelist = errors.New("another list has become necessary")
	// errEmptyWatch ends a watch that was over at once.
	errEmptyWatch = errors.New("the watch ended at once, and brought nothing")
)

// reflector lists and watches one kind, in one namespace or in all, and passes admitted objects
// to an informer. One goroutine reads a watch, decodes it and notifies.
type reflector struct {
	*lister
	into    *informer
	limiter *objectLimiter
	// omitted are the objects that cannot be read.
	omitted *omitted
	objects *objects
	// open begins a watch. Its body is the events as JSON.
	open func(context.Context, metav1.ListOptions) (io.ReadCloser, error)
	// unreadable hears of every event.
	unreadable *unreadable
	*progress
	// delay is how long to wait after a failure, and reopenDelay after a short watch.
	delay, reopenDelay wait.DelayFunc
	clock              clock.Clock
	log                logr.Logger
	// counted reports whether the informer does not wait for the first list any more.
	counted bool
}

// run lists and watches until ctx ends.
func (f *reflector) run(ctx context.Context) {
	for f.allowed(ctx) {
		version, err := f.relist(ctx)
		for err == nil {
			version, err = f.watch(ctx, version)
		}
		if ctx.Err() == nil {
			// Not the error's text, which may be the member's; health has it, redacted.
			f.log.V(1).Info("listing anew", "kind", fmt.Sprintf("%T", f.into.kind), "reason", diagnose(err).Reason)
		}
		// A member that was restored is listed once more at once: the next list cannot end so.
		if !errors.Is(err, errRestored) {
			f.pause(ctx, err)
		}
	}
}

// allowed waits while the member forbids to list the namespace, and reports whether ctx still
// lives.
//
// A namespace that is forbidden when its member is engaged does not keep the member from
// being synced. It is as good as empty until it can be listed: other claims may take over
// the keys of its claims, as if the member's Secret were gone, and nothing is canceled for
// it, since the hub does not know of these claims. The alternative is to hold back the
// claims of the whole fleet for --unheard-grace at every start, because of a Role that was
// deleted together with its namespace. A namespace that becomes forbidden later keeps its
// objects.
func (f *reflector) allowed(ctx context.Context) bool {
	for ctx.Err() == nil && f.isHeld() {
		if !f.counted {
			f.counted = true
			f.into.listed()
		}
		select {
		case <-ctx.Done():
		case <-f.wake:
		}
	}
	return ctx.Err() == nil
}

// pause waits after a failure, as long as the member asks for if that is longer.
func (f *reflector) pause(ctx context.Context, after error) {
	delay := f.delay()
	if seconds, ok := apierrors.SuggestsClientDelay(after); ok {
		delay = max(delay, min(time.Duration(seconds)*time.Second, longestPause))
	}
	f.sleep(ctx, delay)
}

// sleep waits, unless the reflector is woken.
func (f *reflector) sleep(ctx context.Context, delay time.Duration) {
	timer := f.clock.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-f.wake:
	case <-timer.C():
	}
}

// relist brings a whole list, and returns the version that a watch goes on from.
func (f *reflector) relist(ctx context.Context) (version string, err error) {
	before, changes := f.reached(), f.into.changed()
	f.progress.beginList()
	kind := listKind{late: f.counted && !f.hasListed(), restored: f.isRestored()}
	version, err = f.fill(ctx, kind)
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err == nil && !kind.restored && older(version, before) {
		err = errRestored
	}
	f.progress.endList(version, f.into.changed() != changes, err)
	return version, err
}

// fill has a list taken in.
func (f *reflector) fill(ctx context.Context, kind listKind) (version string, err error) {
	listing := f.limiter.list(kind)
	defer func() { listing.abandon() }()
	var left omission
	take := func(found found) error {
		if found.err != nil {
			held := f.limiter.holds(found.name)
			left.add(found.name, held)
			left.crowded = left.crowded || errors.Is(found.err, errCrowded)
			listing.survives(held)
			return nil
		}
		return f.into.offer(listing, found.object, found.size)
	}
	again := func() {
		listing.abandon()
		listing, left = f.limiter.list(kind), omission{}
	}
	if version, err = f.list(ctx, take, again); err != nil {
		return "", fmt.Errorf("listing: %w", err)
	}
	f.omitted.replace(left)
	listing.truncated, listing.nameless = f.truncated, left.nameless
	if err := f.into.complete(listing); err != nil {
		return "", err
	}
	f.progress.replaced(listing.before, listing.survivors)
	if !f.counted {
		f.counted = true
		f.into.listed()
	}
	return version, nil
}

// watch watches once from a version on. It returns the version that another watch goes on
// from, or why there can be none.
func (f *reflector) watch(ctx context.Context, version string) (string, error) {
	attempt, done := f.progress.beginWatch(ctx)
	defer done()
	version, err := f.watchOnce(attempt, version)
	if ctx.Err() == nil && attempt.Err() != nil {
		// Its member's check has ended it.
		f.log.V(1).Info("watch ended", "kind", f.objects.kind.Kind, "namespace", f.objects.namespace, "reason", context.Cause(attempt).Error())
		if f.resume() {
			return f.reached(), nil
		}
		return "", context.Cause(attempt)
	}
	return version, err
}

// watchOnce is watch without the checks.
func (f *reflector) watchOnce(ctx context.Context, version string) (string, error) {
	seconds := int64((shortestWatch + rand.N(longestWatch-shortestWatch)).Seconds())
	begin := f.clock.Now()
	body, err := f.open(ctx, metav1.ListOptions{Watch: true, ResourceVersion: version, AllowWatchBookmarks: true, TimeoutSeconds: &seconds})
	switch {
	case err != nil && (utilnet.IsConnectionRefused(err) || apierrors.IsTooManyRequests(err)):
		f.pause(ctx, err) // what the watch goes on from is as good afterwards
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
		case errors.Is(err, errOver) && f.clock.Since(begin) >= shortWatch:
			return version, nil
		case errors.Is(err, errOver) && n == 0:
			return "", errEmptyWatch
		case errors.Is(err, errOver):
			f.sleep(ctx, f.reopenDelay()) // or the member would have the hub do nothing but ask again
			return version, ctx.Err()
		case err != nil:
			return "", err
		}
		if event.version != "" {
			version = event.version
		}
		if err := f.take(event); err != nil {
			return "", err
		}
		f.came(version, event.kind == watch.Bookmark)
	}
}

// take brings an event to the informer. An event that is older than the object in the cache
// changes nothing: the pages of a list may be newer than its version.
func (f *reflector) take(e event) error {
	if e.kind != watch.Bookmark && f.into.outdates(e.name, e.version) {
		return nil
	}
	var err error
	switch {
	case e.kind == watch.Bookmark:
		err = f.limiter.settle().deliver()
	case e.kind == watch.Deleted && f.omitted.unset(e.name):
		f.into.withdrawOmitted(e.name, e.object)
	case e.kind == watch.Deleted:
		err = f.into.withdraw(f.limiter, e.name, e.object)
	case e.err != nil:
		err = f.omit(e)
	default:
		added := f.omitted.unset(e.name) || e.kind == watch.Added
		err = f.into.admit(f.limiter, e.object, added, e.size)
	}
	if err == nil && (f.limiter.relist() || f.omitted.relist()) {
		return errRelist
	}
	return err
}

// omit leaves out an object that cannot be read. If it was let in before, it is out of sight
// from now on.
func (f *reflector) omit(e event) error {
	f.omitted.set(e.name, f.limiter.holds(e.name), e.kind == watch.Added, e.err)
	return f.into.lose(f.limiter, e.name, false)
}
