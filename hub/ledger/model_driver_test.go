package ledger_test

import (
	"context"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/hub/syncer"
	"github.com/argoproj-labs/commit-status-hub/ratelimit"
)

// modelHub is a replica of the hub: the real ledger and syncer, with a queue and an
// outbox that are plain sets, and feeds that tell of the members in their own time.
type modelHub struct {
	*ledger.Ledger
	m      *model
	syncer *syncer.Syncer
	leads  bool
	// ready, due and working are the queue: what can be worked on, what is added when,
	// and what is in work; again is what is added when its work is done.
	ready, working, again map[ledger.Key]bool
	due                   map[ledger.Key]time.Time
	outbox                map[ledger.ObjectID]bool
	// held are the objects whose statuses others change, too, and until when they wait.
	held  map[ledger.ObjectID]time.Time
	feeds map[string]*feed
	view  *modelView
	// old are the keys that objects claimed when their clusters were synced first.
	old map[ledger.ObjectID]ledger.Key
}

// feed is one engagement of a member.
type feed struct {
	engagement uint64
	// queues are what is to be told of GitRepos and of CommitStatuses, and initial how
	// many of each belong to the first list.
	queues  [2][]modelEvent
	initial [2]int
	listed  bool
	// fresh is what this engagement has told of.
	fresh map[ledger.ObjectID]bool
}

// modelEvent tells of one object; without a status or a repo, that it is gone.
type modelEvent struct {
	name   string
	status *v1alpha1.CommitStatus
	repo   *v1alpha1.GitRepo
}

const (
	ofRepos = iota
	ofStatuses
)

func (m *model) newHub() *modelHub {
	h := &modelHub{
		m: m, ready: map[ledger.Key]bool{}, working: map[ledger.Key]bool{}, again: map[ledger.Key]bool{}, due: map[ledger.Key]time.Time{},
		outbox: map[ledger.ObjectID]bool{}, held: map[ledger.ObjectID]time.Time{}, feeds: map[string]*feed{}, view: newModelView(), old: map[ledger.ObjectID]ledger.Key{},
	}
	h.Ledger = ledger.New(ledger.Options{Clock: m.now, UnsyncedGrace: 15 * time.Minute, Seals: modelSeals, Random: func() float64 { return 0.5 }, Fleet: func() ([]string, bool) { return m.fleet(), true }})
	h.SetFew(m.few)
	h.syncer = &syncer.Syncer{
		Ledger: h.Ledger, Queue: func() syncer.Lanes { return h }, Apply: h.apply, Record: m.record, Clock: m.now, Log: logr.Discard(),
		Warn: func(cluster string, about *v1alpha1.CommitStatus, reason, _, message string) {
			m.logf("event about %s/%s: %s: %s", cluster, about.Name, reason, message)
		},
	}
	for _, name := range modelProviders {
		h.SetScmProvider(name, m.compile(name))
	}
	for _, cluster := range m.fleet() {
		h.engage(cluster)
	}
	return h
}

// lead lets a replica write.
func (h *modelHub) lead(after ledger.Predecessor, loadedFirst bool) {
	if loadedFirst {
		h.Loaded()
	}
	h.leads = true
	h.apply(h.Begin(after))
	h.apply(h.Loaded())
}

// Add has a key worked on again.
func (h *modelHub) Add(key ledger.Key) {
	h.Advance(key)
	h.askAll(key)
	delete(h.due, key)
	if h.working[key] {
		h.again[key] = true
		return
	}
	h.ready[key] = true
}

// askAll asks all that is asked of a key, and of the objects that claim it, and fails where that
// changes anything.
func (h *modelHub) askAll(key ledger.Key) {
	before := h.Dump(key)
	h.Route(key)
	h.Job(key)
	h.NextCheck(key)
	h.Commit(ledger.CommitQuery{Repo: key.Host + "/" + key.Repository, SHA: key.SHA, Names: ledger.Page{Limit: 50}, Claims: ledger.Page{Limit: 50}})
	h.Unsure()
	for _, id := range h.Claimants(key) {
		h.Patch(id)
	}
	if after := h.Dump(key); after != before {
		h.m.t.Fatalf("queries changed %s\nfrom %s\nto   %s", key, before, after)
	}
}

// Slot is none: nothing has to be paid for.
func (h *modelHub) Slot(ledger.Key) *ratelimit.Slot { return nil }

func (h *modelHub) apply(c ledger.Changes) {
	if !h.leads {
		return
	}
	for _, key := range c.Keys {
		h.Add(key)
	}
	for _, id := range c.Objects {
		if h.feeds[id.Cluster] != nil {
			h.outbox[id] = true
		}
	}
}

// work has a key worked on, as a worker does.
func (h *modelHub) work(key ledger.Key) {
	delete(h.ready, key)
	h.working[key] = true
	result, err := h.syncer.Reconcile(context.Background(), key)
	if err != nil {
		h.m.failf("work on %s: %v", key, err)
	}
	delete(h.working, key)
	if result.RequeueAfter > 0 {
		h.due[key] = h.m.now.Now().Add(result.RequeueAfter)
	}
	if h.again[key] {
		delete(h.again, key)
		h.Add(key)
	}
}

// wake readies the keys whose time has come.
func (h *modelHub) wake() {
	for key, at := range h.due {
		if !h.m.now.Now().Before(at) {
			h.Add(key)
		}
	}
	for id, at := range h.held {
		if !h.m.now.Now().Before(at) {
			delete(h.held, id)
			h.outbox[id] = true
		}
	}
}

// engage begins to follow a member, or begins anew.
func (h *modelHub) engage(cluster string) {
	f := &feed{engagement: h.Engage(cluster, h.m.joined[cluster]), fresh: map[ledger.ObjectID]bool{}}
	h.feeds[cluster] = f
	for id := range h.outbox {
		if id.Cluster == cluster {
			delete(h.outbox, id)
		}
	}
	for _, id := range h.m.ids(h.m.truth.objects) {
		if id.Cluster == cluster {
			f.queues[ofStatuses] = append(f.queues[ofStatuses], modelEvent{name: id.Name, status: h.m.truth.objects[id]})
		}
	}
	for _, id := range h.m.ids(h.m.truth.repos) {
		if id.Cluster == cluster {
			f.queues[ofRepos] = append(f.queues[ofRepos], modelEvent{name: id.Name, repo: h.m.truth.repos[id]})
		}
	}
	f.initial = [2]int{len(f.queues[ofRepos]), len(f.queues[ofStatuses])}
}

// disengage lets a member go.
func (h *modelHub) disengage(cluster string) {
	f := h.feeds[cluster]
	if f == nil {
		return
	}
	delete(h.feeds, cluster)
	for id := range h.outbox {
		if id.Cluster == cluster {
			delete(h.outbox, id)
		}
	}
	h.view.forget(cluster, nil)
	h.apply(h.Disengage(cluster, f.engagement))
}

// forget drops what is known of a cluster but what was told anew.
func (v *modelView) forget(cluster string, fresh map[ledger.ObjectID]bool) {
	for id := range v.objects {
		if id.Cluster == cluster && !fresh[id] {
			v.drop(id)
		}
	}
	for id := range v.repos {
		if id.Cluster == cluster && !fresh[repoMark(id)] {
			delete(v.repos, id)
		}
	}
}

// repoMark tells a GitRepo from a CommitStatus of the same name.
func repoMark(id ledger.ObjectID) ledger.ObjectID {
	id.Namespace = "GitRepo"
	return id
}

// counts reports whether a cluster's claims count yet.
func (h *modelHub) counts(cluster string) bool { return h.IsSynced(cluster) }

// deliver tells a replica the next of what a feed has, and reports whether there was
// any. coalesced has it see only the newest of one object.
func (h *modelHub) deliver(cluster string, of int, coalesced bool) bool {
	f := h.feeds[cluster]
	if f == nil {
		return false
	}
	if len(f.queues[of]) == 0 {
		return h.heardAll(cluster, f)
	}
	e := f.queues[of][0]
	f.queues[of] = f.queues[of][1:]
	if f.initial[of] > 0 {
		f.initial[of]--
	} else if coalesced {
		e = f.newest(of, e)
	}
	name := types.NamespacedName{Namespace: "team-a", Name: e.name}
	id := ledger.ObjectID{cluster, name.Namespace, name.Name}
	var changes ledger.Changes
	switch {
	case of == ofRepos:
		h.view.repos[id], f.fresh[repoMark(id)] = e.repo, true
		changes = h.SetRepo(cluster, f.engagement, name, e.repo)
	case e.status == nil:
		h.view.drop(id)
		changes = h.RemoveObject(cluster, f.engagement, name, ledger.Deleted)
	default:
		if old := h.view.objects[id]; old != nil && old.UID != e.status.UID {
			delete(h.view.last, id)
		}
		h.view.objects[id], f.fresh[id] = e.status, true
		changes = h.SetObject(cluster, f.engagement, checked(e.status))
	}
	h.told(changes)
	return true
}

// modelSeals are those of all hubs, one after the other.
var modelSeals = func() *ledger.Seals {
	s := &ledger.Seals{}
	s.Set([]byte("0123456789abcdef0123456789abcdef"), nil)
	return s
}()

// checked is an object as a member's cache keeps it, with its seal checked.
func checked(cs *v1alpha1.CommitStatus) *v1alpha1.CommitStatus {
	if cs.Status.Provider == nil || cs.Status.Provider.Seal == "" {
		return cs
	}
	out := cs.DeepCopy()
	out.Status.Provider.Seal = ""
	if modelSeals.Right(cs.UID, cs.Status) {
		out.Status.Provider.Seal = ledger.SealRight
	}
	return out
}

// told takes in that the hub learned something.
func (h *modelHub) told(changes ledger.Changes) {
	h.view.note(h.m)
	if h == h.m.hub {
		h.m.recount()
	}
	h.checkIndexes()
	h.apply(changes)
}

// checkIndexes checks what the ledger keeps in step with its entries against the entries.
func (h *modelHub) checkIndexes() {
	if problem := h.IndexProblem(); problem != "" {
		h.m.failf("%s", problem)
	}
}

// heardAll says that the first list was told in full, once.
func (h *modelHub) heardAll(cluster string, f *feed) bool {
	if f.listed || f.initial[ofRepos]+f.initial[ofStatuses] > 0 {
		return false
	}
	f.listed = true
	h.m.logf("%s is heard", cluster)
	h.view.forget(cluster, f.fresh)
	for id, key := range h.view.last {
		if id.Cluster == cluster && !h.IsSynced(cluster) {
			h.old[id] = key
		}
	}
	h.told(h.Synced(cluster, f.engagement))
	return true
}

// newest drops what a later event of the same object makes pointless.
func (f *feed) newest(of int, e modelEvent) modelEvent {
	rest := f.queues[of][:0:0]
	for _, each := range f.queues[of] {
		if each.name == e.name {
			e = each
			continue
		}
		rest = append(rest, each)
	}
	f.queues[of] = rest
	return e
}

// publish patches the status of one object, and checks it.
func (h *modelHub) publish(id ledger.ObjectID) {
	delete(h.outbox, id)
	delete(h.held, id)
	patch, ok := h.Patch(id)
	if !ok {
		return
	}
	if h.m.now.Now().Before(patch.NotBefore) {
		h.held[id] = patch.NotBefore
		return
	}
	h.Publishing(patch)
	h.m.checkInvariants(id, patch.Status, patch.Source.Generation)
	cs := h.m.truth.objects[id]
	switch {
	case cs == nil:
		return
	case cs.UID != patch.UID:
		h.outbox[id] = true
		return
	}
	cs = cs.DeepCopy()
	cs.Status = *patch.Status.DeepCopy()
	h.m.logf("publish %s: %s", id, statusSummary(cs.Status))
	h.m.unforge(id)
	h.m.set(id, cs)
	if h.m.draw("seen before the answer") {
		h.deliver(id.Cluster, ofStatuses, false)
	}
	h.Patched(patch, cs.ResourceVersion)
}
