package publish

import (
	"context"
	"sync"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

const (
	// patchTimeout bounds one status patch.
	patchTimeout = 30 * time.Second
	// contestedMessage is the text of the event StatusContested.
	contestedMessage = "others change this status as often as the hub writes it, so the hub writes the same again less and less often, " +
		"at most every 5 min: does another hub serve this cluster, or does a tool restore statuses?"
)

// Publisher patches statuses into members. Each member has an outbox of its own, so that a slow
// or dead one does not delay others. It patches only while it runs, that is on the leader.
type Publisher struct {
	Options
	conflicts conflictEvents

	mu      sync.Mutex
	ctx     context.Context
	outlets map[string]*outlet
	working sync.WaitGroup
	// missed reports whether statuses were unpublished when it ended.
	missed bool
}

// Options are the options of a Publisher. All are required.
type Options struct {
	Ledger *ledger.Ledger
	Clock  clock.WithDelayedExecution
	// Outdated is called with the status field that a member drops, "" for none.
	Outdated func(cluster, field string)
	// Forbidden is called with whether the hub lacks the right to patch statuses in a member.
	Forbidden func(cluster string, forbidden bool)
	// Unwanted is called with the response of a member whose admission refuses statuses, "" for
	// none.
	Unwanted func(cluster, words string)
	Log      logr.Logger
}

// New returns a publisher, which patches nothing before Start.
func New(o Options) *Publisher {
	return &Publisher{Options: o, outlets: map[string]*outlet{}}
}

// outlet is the connection to one member, with the state of publishing there.
type outlet struct {
	engagement uint64
	outbox     *outbox
	client     client.Client
	events     events.EventRecorder
	outdated   *outdated
	refusals   *refusals
}

// Engage starts publishing to a member.
func (p *Publisher) Engage(name string, engagement uint64, cl cluster.Cluster) {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &outlet{engagement: engagement, client: cl.GetClient(), events: cl.GetEventRecorder(v1alpha1.FieldOwner)}
	o.outdated = newOutdated(p.Clock, func(field string) { p.Outdated(name, field) })
	o.refusals = newRefusals(func(forbidden bool) { p.Forbidden(name, forbidden) }, func(words string) { p.Unwanted(name, words) })
	o.outbox = newOutbox(p.Clock, &p.working, func(id ledger.ObjectID, t try) result { return p.publish(o, id, t) })
	if old := p.outlets[name]; old != nil {
		old.outbox.close()
	}
	p.outlets[name] = o
}

// Disengage stops publishing to a member, unless it was engaged again since.
func (p *Publisher) Disengage(name string, engagement uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if o := p.outlets[name]; o != nil && o.engagement == engagement {
		o.outbox.close()
		delete(p.outlets, name)
	}
}

// Start allows patches until ctx ends.
func (p *Publisher) Start(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx = ctx
}

// Started reports whether Start was called.
func (p *Publisher) Started() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ctx != nil
}

// Wait drops all waiting objects, and returns when no patch is under way any more.
func (p *Publisher) Wait() {
	p.mu.Lock()
	for _, o := range p.outlets {
		p.missed = p.missed || o.outbox.size() > 0
		o.outbox.close()
	}
	p.mu.Unlock()
	p.working.Wait()
	p.conflicts.stop()
}

// Unpublished reports whether statuses were known to be unpublished when it ended.
func (p *Publisher) Unpublished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.missed
}

// Add queues objects whose status may have to be patched.
func (p *Publisher) Add(ids []ledger.ObjectID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ctx == nil || p.ctx.Err() != nil {
		p.missed = p.missed || len(ids) > 0
		return
	}
	for _, id := range ids {
		if o := p.outlets[id.Cluster]; o != nil {
			o.outbox.add(id)
		}
	}
}

// publish patches one status, unless it has to wait. An object whose status is contested is
// checked again when the contest ends.
func (p *Publisher) publish(o *outlet, id ledger.ObjectID, t try) result {
	r := p.attempt(o, id, t)
	if r.outcome == finished {
		if ends := p.Ledger.ReviewContest(id); !ends.IsZero() {
			return result{outcome: held, until: ends}
		}
	}
	return r
}

func (p *Publisher) attempt(o *outlet, id ledger.ObjectID, t try) result {
	patch, ok := p.Ledger.Patch(id)
	if !ok {
		o.refusals.upToDate(id)
		if o.outdated.upToDate(id) {
			p.addAll(id.Cluster)
		}
		return result{outcome: finished}
	}
	if t.refused != 0 && t.refused == patch.Fingerprint() {
		return result{outcome: early}
	}
	if hold, until := o.outdated.hold(patch); hold {
		if until.IsZero() {
			return result{outcome: finished}
		}
		return result{outcome: held, until: until}
	}
	if p.Clock.Now().Before(patch.NotBefore) {
		return result{outcome: held, until: patch.NotBefore}
	}
	if !t.again {
		audit(p.Log, patch)
	}
	if p.Ledger.Publishing(patch) {
		o.events.Eventf(patch.Source, nil, corev1.EventTypeWarning, "StatusContested", "Publish", "%s", contestedMessage)
	}
	p.mu.Lock()
	ctx, cancel := context.WithTimeout(p.ctx, patchTimeout)
	p.mu.Unlock()
	defer cancel()
	applied, err := applyStatus(ctx, o.client, patch)
	label, came := outcomeOf(err)
	PatchesTotal.WithLabelValues(id.Cluster, label).Inc()
	if o.refusals.note(id, err) {
		o.outbox.retry(func(other ledger.ObjectID) bool { return other.Namespace == id.Namespace })
	}
	switch came {
	case finished:
		if err != nil {
			break
		}
		p.patched(o, patch, applied)
		emit := func(p ledger.Patch) { announce(o.events, p, o.outbox.backlogged()) }
		p.conflicts.published(p.Clock, patch, emit, p.Ledger.ConflictLasted)
	case refused:
		// The member's health says it for all: this may be so for very many objects.
		p.Log.WithValues(id.KeysAndValues()...).V(1).Info("status refused by the member; trying again", "error", providers.Sentence(err.Error()))
		return result{outcome: refused, refused: patch.Fingerprint()}
	default:
		p.Log.WithValues(id.KeysAndValues()...).Info("status not patched; trying again", "error", providers.Sentence(err.Error()))
	}
	return result{outcome: came}
}

// patched processes a member's response to a patch.
func (p *Publisher) patched(o *outlet, patch ledger.Patch, now *v1alpha1.CommitStatus) {
	if now.UID != patch.UID {
		p.Ledger.Patched(patch, now.ResourceVersion) // it is no answer that proves anything
		return
	}
	renewed, changed := o.outdated.answered(patch.Status, now.Status), o.outdated.changed(patch.Status, now.Status)
	ledger.Trim(now) // a member may answer with anything
	p.Ledger.Kept(patch, now.Status, now.ResourceVersion, changed)
	if renewed {
		p.addAll(patch.ID.Cluster)
	}
}

// addAll adds all objects of a member, including refused ones.
func (p *Publisher) addAll(cluster string) {
	p.mu.Lock()
	o := p.outlets[cluster]
	p.mu.Unlock()
	if o != nil {
		o.outbox.retry(func(ledger.ObjectID) bool { return true })
	}
	p.Add(p.Ledger.Objects(cluster))
}

// outcomeOf returns the metric's label and the outcome of a patch.
func outcomeOf(err error) (label string, came outcome) {
	switch kind := refusalOf(err); {
	case err == nil:
		return "ok", finished
	case kind == unwanted:
		return "refused", refused
	case kind == withoutRight:
		return "error", refused
	case apierrors.IsNotFound(err):
		return "gone", finished
	case apierrors.IsConflict(err):
		// The patch was made for an older version of the object. The watch brings the newer
		// one, if it has not yet, and adds the object again.
		return "stale", finished
	}
	return "error", unserved
}

// Warn emits a Warning event about a CommitStatus of a member.
func (p *Publisher) Warn(cluster string, about *v1alpha1.CommitStatus, reason, action, message string) {
	p.mu.Lock()
	o := p.outlets[cluster]
	p.mu.Unlock()
	if o != nil {
		o.events.Eventf(about, nil, corev1.EventTypeWarning, reason, action, "%s", message)
	}
}

// announce emits an event for a status whose Ready reason has changed. With a backlog it emits
// none for a status that had no problem before: such events would cost the member's API server
// half as much again as the statuses, which contain the same.
func announce(recorder events.EventRecorder, p ledger.Patch, backlogged bool) {
	now := apimeta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionReady)
	before := apimeta.FindStatusCondition(p.Before.Conditions, v1alpha1.ConditionReady)
	if now == nil || (before != nil && before.Reason == now.Reason) {
		return
	}
	if backlogged && now.Status == metav1.ConditionTrue && (before == nil || before.Reason == v1alpha1.ReasonPending) {
		return
	}
	kind, reason := corev1.EventTypeWarning, "SyncFailed"
	switch now.Reason {
	case v1alpha1.ReasonPending:
		// Nothing is wrong.
		return
	case v1alpha1.ReasonSynced:
		kind, reason = corev1.EventTypeNormal, "Synced"
	case v1alpha1.ReasonAggregated, v1alpha1.ReasonShared:
		kind, reason = corev1.EventTypeNormal, now.Reason
	case v1alpha1.ReasonConflict, v1alpha1.ReasonDrifted:
		reason = now.Reason
	}
	recorder.Eventf(p.Source, nil, kind, reason, "Publish", "%s", now.Message)
}
