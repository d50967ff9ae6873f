package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/uuid"
	coordinationv1 "k8s.io/client-go/kubernetes/typed/coordination/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"

	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
)

// LeaseName is the Lease that the replicas of one hub compete for.
const LeaseName = "commit-status-hub"

// The durations of a lease that was given up. Nobody waits for them to end, so they say how it
// was: client-go writes the first one, and the second says that statuses were unpublished.
const (
	releasedClean       = 1
	releasedUnpublished = 2
)

// unknownHolder stands for who may have held a lease until it was deleted.
const unknownHolder = "unknown"

var (
	errNotRenewed = errors.New("this replica's lease was not renewed in time")
	errTermOver   = errors.New("this replica has led already; what it knows may be out of date")
)

// Lead reports whether this replica may write now. It is the lock of the leader election, and
// records when each renewal was requested: the lease is valid from then, however late the
// response came. It leads for one term only, since a deposed replica does not know what its
// successor wrote; after that it never acquires the lease again. Without leader election it is
// nil, and may always write.
type Lead struct {
	resourcelock.Interface
	renewDeadline time.Duration
	// now is time.Now but in tests: Options.Clock may run faster than the lease does.
	// Its monotonic reading goes on while the process is stopped.
	now func() time.Time

	mu sync.Mutex
	// holder is whom the lease was last seen with. Only the election changes it.
	holder string
	// last is the lease as another had it last, and seenAt when it was first seen so.
	last   resourcelock.LeaderElectionRecord
	seenAt time.Time
	// unsure reports whether a request of this replica may still take effect, and unpublished
	// whether members lack a status that it knows.
	unsure, unpublished func() bool
	// renewed is when the renewal was asked for that succeeded last, zero before the
	// term.
	renewed time.Time
	// over reports whether the term has ended.
	over bool
}

// newLead makes the lock that controller-runtime would make by itself. Its events
// come from recorder, which is not asked for before the election starts.
func newLead(config *rest.Config, o Options, recorder func() events.EventRecorder) (*Lead, error) {
	if !o.LeaderElect {
		return nil, nil
	}
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("naming this replica: %w", err)
	}
	// One request that hangs does not cost the lease.
	config = rest.AddUserAgent(rest.CopyConfig(config), "leader-election")
	config.Timeout = max(o.RenewDeadline/2, time.Second)
	leases, err := coordinationv1.NewForConfig(config)
	if err != nil {
		return nil, fmt.Errorf("making a client for the lease: %w", err)
	}
	return &Lead{
		Interface: &resourcelock.LeaseLock{
			LeaseMeta: metav1.ObjectMeta{Namespace: o.Namespace, Name: LeaseName},
			Client:    leases,
			LockConfig: resourcelock.ResourceLockConfig{
				Identity:      host + "_" + string(uuid.NewUUID()),
				EventRecorder: leaseEvents(recorder),
			},
		},
		renewDeadline: o.RenewDeadline,
		now:           time.Now,
	}, nil
}

// leaseEvents emits the events of the election.
type leaseEvents func() events.EventRecorder

// Eventf makes an event about the Lease.
func (recorder leaseEvents) Eventf(lease runtime.Object, kind, reason, note string, args ...any) {
	recorder().Eventf(lease, nil, kind, reason, "Elect", note, args...)
}

// May reports whether a write may start at now: the lease is held, and its last renewal was
// requested less than the renew deadline ago.
func (l *Lead) May(now time.Time) bool {
	if l == nil {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.over && !l.renewed.IsZero() && now.Sub(l.renewed) < l.renewDeadline
}

// mayNow reports whether a write may start at the time of the lease's clock.
func (l *Lead) mayNow() bool { return l == nil || l.May(l.now()) }

// check returns why no write may start now, nil if one may.
func (l *Lead) check() error {
	if l.mayNow() {
		return nil
	}
	return errNotRenewed
}

// Get reads the lease. The term is over when somebody else has it, or nobody.
func (l *Lead) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, raw, err := l.Interface.Get(ctx)
	if err != nil {
		return record, raw, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holder = record.HolderIdentity
	if l.holder != l.Identity() {
		if l.seenAt.IsZero() || l.last != *record {
			l.last, l.seenAt = *record, l.now()
		}
		l.over = l.over || !l.renewed.IsZero()
	}
	return record, raw, nil
}

// predecessor returns what the lease records of the replica that led before. Its last request
// may have been sent until its last renewal plus its renew deadline. One that released the
// lease had a response to every request. Without leader election that is unknown, so a
// predecessor is assumed to have led until now.
func (l *Lead) predecessor() ledger.Predecessor {
	if l == nil {
		return ledger.Predecessor{Led: true, Unsure: true}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last.HolderIdentity == "" {
		return ledger.Predecessor{Led: !l.seenAt.IsZero(), Clean: l.last.LeaseDurationSeconds == releasedClean}
	}
	return ledger.Predecessor{Led: true, Unsure: true, Left: l.now().Sub(l.seenAt.Add(l.renewDeadline))}
}

// keepWhile has the lease run out by itself, rather than be given up, while unsure
// says that a request may still take effect: the successor then waits for that. One that is
// given up says whether something was unpublished.
func (l *Lead) keepWhile(unsure, unpublished func() bool) {
	if l != nil {
		l.unsure, l.unpublished = unsure, unpublished
	}
}

// Create makes the lease, and begins the term. A lease that disappeared during the term is not
// made again: another replica may have held it since. A lease that was seen before was deleted,
// maybe while a replica held it that was never seen with it and continues until its next
// renewal.
func (l *Lead) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	l.mu.Lock()
	l.over = l.over || !l.renewed.IsZero()
	l.mu.Unlock()
	if err := l.renew(ctx, record, l.Interface.Create); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.seenAt.IsZero() {
		l.last, l.seenAt = resourcelock.LeaderElectionRecord{HolderIdentity: unknownHolder}, l.renewed
	}
	return nil
}

// Update takes the lease, renews it or gives it up.
func (l *Lead) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if record.HolderIdentity == l.Identity() {
		return l.renew(ctx, record, l.Interface.Update)
	}
	l.mu.Lock()
	l.over = true
	held := l.holder
	l.mu.Unlock()
	if held != l.Identity() || l.unsure != nil && l.unsure() {
		// The election of client-go would give up a successor's lease.
		return nil
	}
	if l.unpublished != nil && l.unpublished() {
		record.LeaseDurationSeconds = releasedUnpublished
	}
	return l.Interface.Update(ctx, record)
}

func (l *Lead) renew(ctx context.Context, record resourcelock.LeaderElectionRecord,
	write func(context.Context, resourcelock.LeaderElectionRecord) error,
) error {
	asked := l.now()
	l.mu.Lock()
	over := l.over
	l.mu.Unlock()
	if over {
		return errTermOver
	}
	if err := write(ctx, record); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.holder, l.renewed = record.HolderIdentity, asked
	return nil
}

// termStart is a source of the sync controller that adds nothing to its queue: it restores what the
// last leader recorded. The workers start when that has succeeded. If it fails the hub ends.
type termStart struct{ *hub }

// Start implements source.TypedSource.
func (t termStart) Start(ctx context.Context, _ workqueue.TypedRateLimitingInterface[ledger.Key]) error {
	if err := t.budgets.Restore(ctx); err != nil {
		return err
	}
	t.seal.begin(ctx)
	t.publisher.Start(ctx)
	t.apply(t.begin())
	return nil
}

// String names the source in the log.
func (termStart) String() string { return "start of this leader's term" }
