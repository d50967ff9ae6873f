package hub

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/publish"
)

// watcher follows the CommitStatuses and GitRepos of every engaged member, on
// every replica: a standby's ledger is as warm as the leader's.
type watcher struct {
	ledger    *ledger.Ledger
	publisher *publish.Publisher
	apply     func(ledger.Changes)
	// leavesOut reports whether an object that a cache tells to be gone is only left out.
	leavesOut func(cluster string, object client.Object) bool
	// joinedAt is when the Secret of a cluster was made, zero for the hub's own cluster.
	joinedAt func(cluster string) time.Time
	// ending reports whether the hub is about to end.
	ending func() bool
	last   *lastEvents
	log    logr.Logger

	// mu keeps a member from being followed once ended says that nobody waits for it.
	mu        sync.Mutex
	ended     bool
	following sync.WaitGroup
}

// errEnded is why a member is not followed any more.
var errEnded = errors.New("the hub has ended")

// NeedLeaderElection reports whether it runs on the leader only. It does not: standbys watch
// members too.
func (*watcher) NeedLeaderElection() bool { return false }

// Start waits until the members that were engaged are let go.
func (w *watcher) Start(ctx context.Context) error {
	<-ctx.Done()
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.following.Wait()
	return nil
}

// Engage begins to follow a member and returns at once. It fails once the hub has ended.
func (w *watcher) Engage(ctx context.Context, name multicluster.ClusterName, cl cluster.Cluster) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return errEnded
	}
	f := &follower{
		watcher:    w,
		cluster:    name.String(),
		engagement: w.ledger.Engage(name.String(), w.joinedAt(name.String())),
		log:        w.log.WithValues("cluster", name.String()),
	}
	w.publisher.Engage(f.cluster, f.engagement, cl)
	w.following.Go(func() { f.follow(ctx, cl) })
	return nil
}

// follower is one engagement of one member.
type follower struct {
	*watcher
	cluster    string
	engagement uint64
	log        logr.Logger
	// synced reports whether the ledger has all objects that could be listed.
	synced atomic.Bool
}

// leave ends the engagement. When the hub stops, it disengages all members one after the other,
// and none of them has lost its claims: others must not become owners because of that.
func (f *follower) leave() {
	f.publisher.Disengage(f.cluster, f.engagement)
	if !f.ending() {
		f.apply(f.ledger.Disengage(f.cluster, f.engagement))
	}
}

func (f *follower) follow(ctx context.Context, cl cluster.Cluster) {
	defer f.leave()
	repos, err := f.listen(ctx, cl, &v1alpha1.GitRepo{}, f.onRepo, f.onRepoGone)
	if err != nil {
		f.log.Error(err, "member cannot be watched")
		<-ctx.Done()
		return
	}
	statuses, err := f.listen(ctx, cl, &v1alpha1.CommitStatus{}, f.onStatus, f.onStatusGone)
	if err != nil {
		f.log.Error(err, "member cannot be watched")
		<-ctx.Done()
		return
	}
	if toolscache.WaitForCacheSync(ctx.Done(), repos.HasSynced, statuses.HasSynced) {
		f.log.Info("member synced")
		f.synced.Store(true)
		f.apply(f.ledger.Synced(f.cluster, f.engagement))
	}
	<-ctx.Done()
}

// listen adds handlers to the informer of a kind, without waiting for its sync.
func (f *follower) listen(ctx context.Context, cl cluster.Cluster, kind client.Object, set func(object any, initial bool), gone func(types.NamespacedName, ledger.ReleaseReason)) (toolscache.ResourceEventHandlerRegistration, error) {
	informer, err := cl.GetCache().GetInformer(ctx, kind, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, fmt.Errorf("making an informer for %T: %w", kind, err)
	}
	changed := func(object any, initial bool) {
		f.last.note(f.cluster)
		set(object, initial)
	}
	registration, err := informer.AddEventHandler(toolscache.ResourceEventHandlerDetailedFuncs{
		AddFunc:    changed,
		UpdateFunc: func(_, object any) { changed(object, false) },
		DeleteFunc: func(object any) {
			f.last.note(f.cluster)
			if name, err := toolscache.DeletionHandlingObjectToName(object); err == nil {
				gone(types.NamespacedName{Namespace: name.Namespace, Name: name.Name}, f.releaseReason(object))
			}
		},
	})
	if err != nil {
		return nil, fmt.Errorf("listening to %T: %w", kind, err)
	}
	return registration, nil
}

// releaseReason returns why an object has disappeared from the cache. For an object that is
// left out, only a list can report that it is gone.
func (f *follower) releaseReason(event any) ledger.ReleaseReason {
	if last, ok := event.(toolscache.DeletedFinalStateUnknown); ok {
		if object, ok := last.Obj.(client.Object); ok && f.leavesOut(f.cluster, object) {
			return ledger.OutOfSight
		}
	}
	return ledger.Deleted
}

// onStatus takes in a CommitStatus. One of a first list that comes after the member is synced
// is of a namespace that could not be listed before.
func (f *follower) onStatus(object any, initial bool) {
	cs, ok := object.(*v1alpha1.CommitStatus)
	switch {
	case !ok:
	case initial && f.synced.Load():
		f.apply(f.ledger.SetLateObject(f.cluster, f.engagement, cs))
	default:
		f.apply(f.ledger.SetObject(f.cluster, f.engagement, cs))
	}
}

func (f *follower) onStatusGone(name types.NamespacedName, why ledger.ReleaseReason) {
	f.apply(f.ledger.RemoveObject(f.cluster, f.engagement, name, why))
}

func (f *follower) onRepo(object any, _ bool) {
	if repo, ok := object.(*v1alpha1.GitRepo); ok {
		name := types.NamespacedName{Namespace: repo.Namespace, Name: repo.Name}
		f.apply(f.ledger.SetRepo(f.cluster, f.engagement, name, repo))
	}
}

func (f *follower) onRepoGone(name types.NamespacedName, why ledger.ReleaseReason) {
	if why == ledger.OutOfSight {
		f.ledger.HideRepo(f.cluster, f.engagement, name)
		return
	}
	f.apply(f.ledger.SetRepo(f.cluster, f.engagement, name, nil))
}

// sharingEvery is how often at most it is reported of one member that it shows objects of
// others, or does not any more: a member may change that as often as it likes, and a report
// is an event and a patch of its Secret.
const sharingEvery = time.Minute

// sharingReports reports which members show objects that others show too, on every replica.
type sharingReports struct {
	ledger *ledger.Ledger
	clock  clock.WithDelayedExecution
	report func(cluster string, older, younger []string)
	// ended reports whether the hub ends, after which nothing is reported.
	ended func() bool

	mu sync.Mutex
	// last is when each member was reported last, within sharingEvery, and pending are
	// those that changed since.
	last    map[string]time.Time
	pending map[string]struct{}
	// timer rings when the next of pending is due; nil where there is none.
	timer clock.Timer
}

// note takes in of which members it has changed. The first change is reported at once.
func (r *sharingReports) note(clusters []string) {
	if len(clusters) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.pending == nil {
		r.pending, r.last = map[string]struct{}{}, map[string]time.Time{}
	}
	for _, cluster := range clusters {
		r.pending[cluster] = struct{}{}
	}
	r.reportDue()
}

// reportDue reports what is due, and sets the timer for the rest. The lock is held, so that
// the newest is reported last.
func (r *sharingReports) reportDue() {
	if r.ended() {
		return
	}
	now := r.clock.Now()
	for cluster, at := range r.last {
		if now.Sub(at) >= sharingEvery {
			delete(r.last, cluster)
		}
	}
	next := time.Duration(0)
	for cluster := range r.pending {
		if at, ok := r.last[cluster]; ok {
			if wait := sharingEvery - now.Sub(at); next == 0 || wait < next {
				next = wait
			}
			continue
		}
		delete(r.pending, cluster)
		r.last[cluster] = now
		older, younger := r.ledger.SharedWith(cluster)
		r.report(cluster, older, younger)
	}
	if next > 0 && r.timer == nil {
		// A goroutine of its own, since a clock may call this under its lock.
		r.timer = r.clock.AfterFunc(next, func() { go r.ring() })
	}
}

func (r *sharingReports) ring() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.timer = nil
	r.reportDue()
}
