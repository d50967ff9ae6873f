package scmproviders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

const (
	// recordInterval is the time between two records of budgets that change.
	recordInterval = 10 * time.Second
	// recordTimeout bounds one round of records, and the reading of them.
	recordTimeout = 10 * time.Second
	// LastRecordTimeout bounds the round at the end. With stopGrace before it, it
	// has to fit into shutdownTimeout.
	LastRecordTimeout = 1500 * time.Millisecond
)

// Budgets keeps what is left of the installations' budgets in the status of the
// ScmProviders that use them: for the next process, which goes on from there, and
// for people. It is the only one that writes status.installations, on the leader:
// at once when a pause begins or gets longer, else every recordInterval while
// something changes, and once more when the last request has been answered.
type Budgets struct {
	client        client.Client
	live          client.Reader
	namespace     string
	installations installations
	loading       *loading
	// waiting returns the number of keys that wait for each installation.
	waiting func() map[string]int
	// gap is for how long a predecessor may have sent after its last record.
	gap    time.Duration
	events events.EventRecorder
	clock  clock.WithTicker
	log    logr.Logger

	// restored is closed when the predecessor's records are in force, idle when
	// this process has had the answer to its last request.
	restored, idle chan struct{}
	// longer are the installations whose pause began or got longer.
	longer *noted
	// paused is until when the installations of each ScmProvider are known to be
	// paused. failing says that the last patches did not go well. Both are the
	// loop's, once restored is closed.
	paused  map[string]map[string]time.Time
	failing bool
	// leftOut are the records of each ScmProvider that did not fit into its status when it
	// was patched last.
	leftOut map[string][]v1alpha1.Installation
	unrecorded
}

// NewBudgets makes the budgets of what scms opens. waiting returns how many keys wait for
// each installation.
func NewBudgets(mgr manager.Manager, scms *Controller, waiting func() map[string]int) *Budgets {
	return &Budgets{
		client:        scms.Client,
		live:          mgr.GetAPIReader(),
		namespace:     scms.Namespace,
		installations: scms.Installations,
		loading:       &scms.loading,
		waiting:       waiting,
		gap:           restoreGap(scms.RenewDeadline),
		events:        mgr.GetEventRecorder(v1alpha1.FieldOwner),
		clock:         scms.Clock,
		log:           scms.Log,
		restored:      make(chan struct{}),
		idle:          make(chan struct{}),
		longer:        newNoted(),
		paused:        map[string]map[string]time.Time{},
		leftOut:       map[string][]v1alpha1.Installation{},
		unrecorded:    newUnrecorded(),
	}
}

// Idle tells the budgets that this process has had the answer to its last request.
func (b *Budgets) Idle() { close(b.idle) }

// NotePause tells the budgets that an installation's pause began or got longer. It never
// blocks.
func (b *Budgets) NotePause(id string) { b.longer.note(id) }

// Start records budgets until ctx ends, and then once more when no request is
// under way. The manager releases the lease after that, so the next leader reads
// the last record.
func (b *Budgets) Start(ctx context.Context) error {
	select {
	case <-b.restored:
	case <-ctx.Done():
	}
	select {
	case <-b.restored:
	default:
		// What was not restored was not spent from.
		return nil
	}
	b.run(ctx)
	<-b.idle
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), LastRecordTimeout)
	defer cancel()
	b.record(last, nil)
	return nil
}

func (b *Budgets) run(ctx context.Context) {
	ticker := b.clock.NewTicker(recordInterval)
	defer ticker.Stop()
	for ctx.Err() == nil {
		over, stop := b.pauseOver()
		select {
		case <-ctx.Done():
		case <-ticker.C():
			b.record(ctx, nil)
		case <-b.longer.signal:
			b.record(ctx, b.longer.take())
		case <-over:
			b.record(ctx, b.ended(b.clock.Now()))
		}
		stop()
	}
}

// record patches the ScmProviders whose records changed: all of them, or those that
// use an installation that is asked for. What fails is tried again in the next round.
func (b *Budgets) record(ctx context.Context, asked func(id string) bool) {
	ctx, cancel := context.WithTimeout(ctx, recordTimeout)
	defer cancel()
	var list v1alpha1.ScmProviderList
	if err := b.client.List(ctx, &list, client.InNamespace(b.namespace)); err != nil {
		b.outcome(fmt.Errorf("listing ScmProviders: %w", err))
		return
	}
	waiting := b.waiting()
	before := b.paused
	b.paused = map[string]map[string]time.Time{}
	r := newRound(b.clock.Now())
	r.partial = asked != nil
	for i := range list.Items {
		p := &list.Items[i]
		records := b.installations.Records(p.Name)
		b.paused[p.Name] = b.announce(p, before[p.Name], records)
		for j := range records {
			records[j].Queued = int64(waiting[records[j].ID])
		}
		concerns := func(r v1alpha1.Installation) bool { return asked(r.ID) }
		if asked == nil || slices.ContainsFunc(records, concerns) {
			b.write(ctx, r, p, records)
		}
	}
	b.end(ctx, r)
}

// round is how one round of records went, that began at a time.
type round struct {
	at time.Time
	// partial reports whether it was about some installations only.
	partial, patched bool
	failed           []error
	// attempts are the ScmProviders that it was about.
	attempts []attempted
	// written are the installations that are on record in one ScmProvider at least, due
	// all that should be.
	written, due map[string]bool
}

func newRound(at time.Time) *round {
	return &round{at: at, written: map[string]bool{}, due: map[string]bool{}}
}

// write patches a ScmProvider where its records changed. Those that its status has no room
// for are on record with the others, which bound them.
func (b *Budgets) write(ctx context.Context, r *round, p *v1alpha1.ScmProvider, records []v1alpha1.Installation) {
	listed := records[:min(len(records), ratelimit.MaxRecords)]
	left := records[len(listed):]
	a := attempted{provider: p, records: records}
	if !sameFigures(p.Status.Installations, listed) || !sameFigures(b.leftOut[p.Name], left) {
		r.patched = true
		if a.err = b.patch(ctx, p, listed); a.err == nil {
			b.leftOut[p.Name] = left
		}
	}
	r.note(a)
}

// note takes in how it went with one ScmProvider.
func (r *round) note(a attempted) {
	r.attempts, r.failed = append(r.attempts, a), append(r.failed, a.err)
	for _, each := range a.records {
		r.due[each.ID] = true
		r.written[each.ID] = r.written[each.ID] || a.err == nil
	}
}

// end logs the result of a round, and lets installations send up to the time for which a
// successor that restores their records accounts. So the hub stops spending what it can no
// longer record.
func (b *Budgets) end(ctx context.Context, r *round) {
	if r.patched {
		b.outcome(errors.Join(r.failed...))
	}
	// Records are cut off to seconds.
	lasts := b.gap - time.Second
	b.installations.SendUntil(r.at.Add(lasts), func(id string) bool {
		return !r.written[id] && (r.partial || r.due[id])
	})
	b.reportUnrecorded(ctx, r, lasts)
}

// patch replaces status.installations and touches nothing else.
func (b *Budgets) patch(ctx context.Context, p *v1alpha1.ScmProvider, records []v1alpha1.Installation) error {
	body, err := json.Marshal(map[string]any{"status": map[string]any{"installations": records}})
	if err != nil {
		return fmt.Errorf("encoding the installations of ScmProvider %s: %w", p.Name, err)
	}
	err = b.client.Status().Patch(ctx, p, client.RawPatch(types.MergePatchType, body), client.FieldOwner(v1alpha1.FieldOwner))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("patching the installations of ScmProvider %s: %w", p.Name, err)
	}
	return nil
}

// outcome logs how a round of patches went, where it went otherwise than the one
// before.
func (b *Budgets) outcome(err error) {
	switch {
	case err != nil && !b.failing:
		b.log.Error(err, "budgets not recorded; trying again")
	case err == nil && b.failing:
		b.log.Info("budgets are recorded again")
	}
	b.failing = err != nil
}

// sameFigures reports whether records differ at most in their times.
func sameFigures(a, b []v1alpha1.Installation) bool {
	return slices.EqualFunc(a, b, func(a, b v1alpha1.Installation) bool {
		a.ObservedAt, b.ObservedAt = nil, nil
		return equality.Semantic.DeepEqual(a, b)
	})
}

// noted are installations that somebody has to look at. Noting never blocks.
type noted struct {
	signal chan struct{}
	mu     sync.Mutex
	ids    map[string]struct{}
}

func newNoted() *noted {
	return &noted{signal: make(chan struct{}, 1), ids: map[string]struct{}{}}
}

func (n *noted) note(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.ids[id] = struct{}{}
	select {
	case n.signal <- struct{}{}:
	default:
	}
}

// take returns which installations were noted since it was called last.
func (n *noted) take() func(id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	taken := n.ids
	n.ids = map[string]struct{}{}
	return func(id string) bool {
		_, ok := taken[id]
		return ok
	}
}
