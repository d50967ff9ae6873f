package kubeconfigs

import (
	"context"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/clock"
)

// The causes that end a watch which its member's check does not trust any more.
var (
	errBehind   = errors.New("the watch is behind the newest list")
	errRestored = errors.New("the member's resource versions went back")
)

// progress is how far a reflector is. The reflector reports it, and the checks of its member compare
// it with the newest list.
type progress struct {
	clock clock.PassiveClock
	// limit is how long a watch may be behind, see lagLimit.
	limit time.Duration
	// notify is called when what the member's health depends on has changed.
	notify func()
	// wake ends the reflector's waits.
	wake chan struct{}

	mu sync.Mutex
	at reach
	// listed reports whether there has been a list. failure is why the last one failed, nil for
	// one that did not, and failures how many have since.
	listed   bool
	failure  error
	failures int
	// held reports whether the member forbids to list the namespace, so that the reflector waits.
	held bool
	lag  lag
	// lostAt is when a list had none of the objects that were known before, and lostFrom when
	// the member sent something last before that list; both are zero if the last list had some.
	// receivedAt is when the member last sent a list, an event or a bookmark.
	lostFrom, lostAt, receivedAt time.Time
	// completeAt is until when the member has surely sent everything: a list that began then,
	// or a bookmark. listBegan is when the newest list began.
	completeAt, listBegan time.Time
	// because is why the next list is made; end ends the watch under way, nil without one.
	because remedy
	end     context.CancelCauseFunc
}

func newProgress(clk clock.PassiveClock, limit time.Duration, notify func()) *progress {
	return &progress{clock: clk, limit: limit, notify: notify, wake: make(chan struct{}, 1)}
}

// beginWatch returns a context for a watch, which a check may end. done ends it too.
func (p *progress) beginWatch(ctx context.Context) (_ context.Context, done func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.because > reopenWatch {
		cancel(errBehind) // the check came between two watches
	}
	p.end = cancel
	return ctx, func() {
		p.mu.Lock()
		p.end = nil
		p.mu.Unlock()
		cancel(nil)
	}
}

// came takes in the version of an event or a bookmark.
func (p *progress) came(version string, bookmark bool) {
	p.mu.Lock()
	caughtUp := p.lag.behind() && !older(version, p.lag.target)
	if bookmark && older(p.at.version, version) {
		p.at.bookmark = version
	}
	p.at.version, p.receivedAt = version, p.clock.Now()
	if bookmark {
		p.completeAt = p.receivedAt
	}
	if caughtUp {
		p.lag = lag{}
	}
	p.mu.Unlock()
	if caughtUp {
		p.notify()
	}
}

// isRestored reports whether the next list is made because the member's versions went back.
func (p *progress) isRestored() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.because == relistRestored
}

// beginList takes in that a list is about to be asked for.
func (p *progress) beginList() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listBegan = p.clock.Now()
}

// endList takes in a list at a version, and whether it found changes, or why it failed.
func (p *progress) endList(version string, changed bool, err error) {
	p.mu.Lock()
	news := !p.listed || err != nil || p.failure != nil || p.lag.behind()
	p.failure = err
	p.failures++
	if errors.Is(err, errRestored) {
		p.because = relistRestored
	}
	if err == nil {
		p.listed, p.failures, p.at, p.receivedAt = true, 0, reach{version: version}, p.clock.Now()
		p.completeAt = p.listBegan
		p.lag, p.because = p.lag.listed(p.because, changed), keepWatch
	}
	p.mu.Unlock()
	if news {
		p.notify()
	}
}

// reached returns the version that the reflector has reached, "" before its first list.
func (p *progress) reached() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.at.version
}

// compare compares what the reflector has reached with the version of the newest list. before is
// what it had reached when that was asked for.
func (p *progress) compare(before, newest string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before == "" {
		return
	}
	next, remedy := p.lag.next(before, p.at, newest, p.clock.Now(), p.limit)
	p.lag = next
	if remedy == keepWatch {
		return
	}
	p.because = max(p.because, remedy)
	if p.end != nil {
		cause := errBehind
		if remedy == relistRestored {
			cause = errRestored
		}
		p.end(cause)
	}
}

// resume reports whether a watch that a check has ended is opened again, rather than followed
// by a list.
func (p *progress) resume() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.because == reopenWatch {
		p.because = keepWatch
	}
	return p.because == keepWatch
}

// hold has the reflector wait before the next list, or not any more.
func (p *progress) hold(held bool) {
	p.mu.Lock()
	changed := p.held != held
	p.held = held
	p.mu.Unlock()
	if !changed {
		return
	}
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *progress) isHeld() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.held
}

func (p *progress) hasListed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.listed
}

// add counts the reflector in how the member is served. The connection may have reported
// already what fails only once.
func (p *progress) add(to *service, namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.held, namespace != "" && apierrors.IsForbidden(p.failure):
		to.forbid(namespace)
	case errors.Is(p.failure, errListEnded), p.failures > 1:
		to.failure = p.failure
	case !p.listed:
		to.listing++
	case p.lag.behind():
		to.behind++
	}
}
