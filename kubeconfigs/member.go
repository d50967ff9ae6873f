package kubeconfigs

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"
)

// recheckEvery is the interval at which the hub checks whether a watched member still accepts
// its credential. A watch reports no change for as long as it lasts, and an API server does not
// end one when its token expires.
const recheckEvery = 30 * time.Second

// A member's objects may change its reported health remarkBurst times at once, and then at
// remarkRate.
const (
	remarkRate  = rate.Limit(1. / 6)
	remarkBurst = 10
)

// errSuperseded ends an attempt for which a newer Secret has come.
var errSuperseded = errors.New("superseded by a newer Secret")

// member is one cluster from the first sight of its Secret to the last. One
// goroutine does everything that can take time; see run.
type member struct {
	provider *Provider
	name     multicluster.ClusterName
	// cancel ends the member. It is set before run starts.
	cancel context.CancelFunc
	// updated wakes run when there is a new Secret.
	updated chan struct{}
	// renewing reports whether its token is being renewed.
	renewing atomic.Bool

	mu        sync.Mutex
	desired   desired
	interrupt context.CancelFunc // ends the attempt under way; nil without one
	current   *engagement        // written by run only
	renewals  renewals
	health    Health
	diagnosis diagnosis
	// warned is the end of the credential that there was an event about last.
	warned time.Time
	// outdated is a field that the member does not keep, "" for none that is known.
	outdated string
	// refused is what the member says about statuses that it refuses, "" for none.
	refused string
	// forbidden reports whether the member refuses the patch of some statuses.
	forbidden bool
	// duplicates are the members whose Secrets are of the same cluster, and shared those that
	// show the same objects.
	duplicates string
	shared     sharedObjects
	// serving is what the member was seen to serve.
	serving serving

	// remarks bounds how often its own objects change its reported health.
	remarks *rate.Limiter
}

func newMember(p *Provider, name multicluster.ClusterName) *member {
	first := Health{State: Connecting, Since: p.options.Clock.Now(), Reason: ReasonConnecting, Message: "first attempt"}
	return &member{
		provider:  p,
		name:      name,
		updated:   make(chan struct{}, 1),
		remarks:   rate.NewLimiter(remarkRate, remarkBurst),
		diagnosis: diagnosis{health: first},
		health:    first,
	}
}

// isOf reports whether the member's Secret is this one, and not another of that name.
func (m *member) isOf(secret *corev1.ObjectReference) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := m.desired.secret
	return before == nil || secret == nil || before.UID == secret.UID
}

// update says what the Secret asks for now. The same as before is no news.
func (m *member) update(w desired) {
	m.mu.Lock()
	defer m.mu.Unlock()
	news := m.desired.fingerprint != w.fingerprint
	m.desired = w
	if !news {
		return
	}
	m.renewals = renewals{}
	if m.interrupt != nil {
		m.interrupt()
	}
	select {
	case m.updated <- struct{}{}:
	default:
	}
}

// run attempts what the newest Secret asks for until ctx ends, as often as it
// takes. Once that is done it waits for another Secret or for doubts.
func (m *member) run(ctx context.Context) {
	defer m.leave()
	retry := backoff{clock: m.provider.options.Clock}
	for {
		o := m.attempt(ctx)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(o.err, errSuperseded) {
			retry.reset()
			continue
		}
		m.report(o)
		if !m.rest(ctx, o, &retry) {
			return
		}
	}
}

// outcome is what came of an attempt.
type outcome struct {
	err error
	// kept reports whether the engagement of another Secret is still in use, because of err,
	// and doubt why that does not hold any more; nil while it does.
	kept  bool
	doubt error
}

// watching reports whether the member is watched, as far as is known.
func (o outcome) watching() bool { return o.err == nil || o.kept && o.doubt == nil }

// hopeless reports whether only another Secret helps, and nothing else needs help.
func (o outcome) hopeless() bool {
	var refusal *Refusal
	return errors.As(o.err, &refusal) && o.doubt == nil
}

// rest waits after an attempt for the event that calls for the next, and reports whether the
// member still exists.
func (m *member) rest(ctx context.Context, o outcome, retry *backoff) bool {
	var again <-chan time.Time
	var doubts chan error
	if o.watching() {
		doubts = m.engaged().connection.doubts
	}
	wait := m.provider.recheckEvery
	switch {
	case o.err == nil:
		retry.success()
	case o.hopeless():
		retry.success()
		wait = 0
	default:
		wait = retry.next()
	}
	if wait > 0 {
		timer := m.provider.options.Clock.NewTimer(wait)
		defer timer.Stop()
		again = timer.C()
	}
	select {
	case <-ctx.Done():
		return false
	case <-m.updated:
		retry.reset()
	case <-again:
	case doubt := <-doubts:
		select {
		case doubts <- doubt: // back, for the next attempt to start with
		default: // a newer one took its place
		}
	}
	return true
}

// attempt does once what the newest Secret asks for. Where that is done already,
// it makes sure that it still holds; so it does for the engagement before where it
// cannot be done.
func (m *member) attempt(ctx context.Context) outcome {
	w, attempt, done := m.begin(ctx)
	defer done()
	o := outcome{err: m.pursue(ctx, attempt, w)}
	if current := m.engaged(); o.err != nil && current != nil && current.desired.fingerprint != w.fingerprint {
		o.kept, o.doubt = true, current.recheck(attempt, m.provider.codec())
	}
	if o.err != nil && attempt.Err() != nil {
		return outcome{err: errSuperseded}
	}
	return o
}

func (m *member) pursue(ctx, attempt context.Context, w desired) error {
	p := m.provider
	current := m.engaged()
	if w.refused != nil {
		if w.duplicateOf != "" {
			m.leave() // what was engaged is served under the other name
		}
		return w.refused
	}
	if current != nil && current.desired.fingerprint == w.fingerprint {
		return current.recheck(attempt, p.codec())
	}
	next, err := dial(w.access, p.deadlines)
	if err != nil {
		return err
	}
	found, err := check(attempt, next, p.codec(), w.namespaces)
	if err != nil {
		next.close()
		return err
	}
	if current != nil && current.desired.differsInToken(w) {
		next.close()
		m.replace(current.present(w))
		return nil
	}
	if err := m.engage(ctx, next, w, found); err != nil {
		next.close()
		return err
	}
	return nil
}

// begin returns the newest Secret, and a context which ends when there is a newer
// one.
func (m *member) begin(ctx context.Context) (desired, context.Context, func()) {
	attempt, cancel := context.WithCancel(ctx)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.interrupt = cancel
	select {
	case <-m.updated: // this attempt is for it
	default:
	}
	return m.desired, attempt, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.interrupt = nil
		cancel()
	}
}
