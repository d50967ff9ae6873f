package ledger

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// Ledger knows who claims which key and what its SCM shows. It lives in memory
// and is rebuilt from the members when the hub starts. Its methods take events
// or outcomes in and return what has to be looked at because of them; they never
// block and do no I/O.
type Ledger struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	members map[string]*member
	scms    map[string]*ScmProvider
	// reaches are the grants that cover each cluster that was asked about since scms changed.
	reaches map[string][]reach
	// moved are the repositories of each SCM that have another path today, by SCM.
	moved map[site]*relocations
	// keys is how many entries there are.
	keys int
	// commits are the keys by commit: without a name.
	commits map[Key]*commit
	waiting waiters
	// uids are the objects by UID: where several members show one, that of the member for
	// which it counts. sharers are all objects of a UID that more than one has, and sharings
	// how many UIDs two members share.
	uids       map[types.UID]*object
	sharers    map[types.UID]sharers
	sharings   map[sharing]int
	unclaimed  unclaimed
	tombstones *tombstones
	refusals   scmRefusals
	// abandoned counts the places that objects left, by member, and abandonedLimit is how many of
	// one member there may be, 0 for any number.
	abandoned      map[string]*abandonments
	abandonedLimit int
	// few is the largest number of claims on a key without an index; scratch is the buffer for
	// reading them.
	few     int
	scratch claimList
	// saved counts from the start of the process, savedAt by installation.
	saved   Saved
	savedAt map[string]Saved
	// overruled counts failures that lost a conflict.
	overruled uint64
	epoch     uint64
	// loaded reports whether the hub's own ScmProviders are all here.
	loaded bool
	// started is when this process began to write, zero before. succeeds says that another
	// may have written before it, and predecessorLeft is when the last request of that one
	// may have been sent, zero if it had an answer to all.
	started         time.Time
	succeeds        bool
	predecessorLeft time.Time
	// clean reports whether the predecessor had told members all that it knew.
	clean bool
	seals *Seals
	// namespace is where ScmProviders are.
	namespace string
	// absent are the members that had a Secret when this process began to write and
	// had not been synced.
	absent map[string]struct{}
	// blocked reports whether an installation takes nothing now.
	blocked func(lane string) bool
	// serving reports whether a member serves the kinds; nil where every member does.
	serving func(cluster string, deleted, within time.Duration) kubeconfigs.Serving
	// behind reports whether a member may bring changes of a namespace from longer ago than
	// within; nil where none ever does.
	behind func(cluster, namespace string, within time.Duration) bool
	// random spreads drift checks: a number from 0 to 1.
	random func() float64
	grace  time.Duration
	fleet  func() (names []string, complete bool)
}

// member is one cluster. Its claims carry the engagement that last saw them.
type member struct {
	objects map[types.NamespacedName]*object
	repos   map[types.NamespacedName]*gitRepo
	// contests are those about the statuses that others change, too, nil for none.
	contests map[types.NamespacedName]*contest

	engagement uint64
	synced     bool
	// joinedAt is the creationTimestamp of its Secret on the hub, zero for the hub's own
	// cluster. Unlike what the member's objects say, it is the hub's own knowledge.
	joinedAt time.Time
}

// Changes are the keys and objects that an event or an outcome concerns.
type Changes struct {
	Keys    []Key
	Objects []ObjectID
	// Sharing are the members of which it has begun or ended that another shows one of
	// their objects.
	Sharing []string
	// ScmProviders are those of which the SCM says something else than before.
	ScmProviders []string
}

func (c *Changes) add(o Changes) {
	c.Keys = append(c.Keys, o.Keys...)
	c.Objects = append(c.Objects, o.Objects...)
	c.Sharing = append(c.Sharing, o.Sharing...)
	c.ScmProviders = append(c.ScmProviders, o.ScmProviders...)
}

// New makes an empty Ledger.
func New(o Options) *Ledger {
	if o.Blocked == nil {
		o.Blocked = func(string) bool { return false }
	}
	if o.Random == nil {
		o.Random = rand.Float64
	}
	return &Ledger{
		clock:   o.Clock,
		members: map[string]*member{},
		scms:    map[string]*ScmProvider{},
		reaches: map[string][]reach{},
		moved:   map[site]*relocations{}, savedAt: map[string]Saved{},
		commits: map[Key]*commit{},
		waiting: waiters{},
		uids:    map[types.UID]*object{},
		sharers: map[types.UID]sharers{}, sharings: map[sharing]int{},
		unclaimed: newUnclaimed(), tombstones: newTombstones(), refusals: newSCMRefusals(),
		abandoned: map[string]*abandonments{}, abandonedLimit: o.AbandonedLimit,
		grace:   o.UnsyncedGrace,
		fleet:   o.Fleet,
		blocked: o.Blocked,
		serving: o.Serving,
		behind:  o.Behind,
		seals:   o.Seals, namespace: o.Namespace,
		random: o.Random,
		few:    fewClaims,
	}
}

// Engage begins an engagement of a cluster and returns its token. Claims of an
// earlier engagement stay until the new one is synced. joinedAt is when the hub learned of
// the cluster, by its own clock: the creationTimestamp of its Secret, zero for the hub's
// own cluster.
func (l *Ledger) Engage(cluster string, joinedAt time.Time) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.members[cluster]
	l.epoch++
	if m == nil {
		m = &member{objects: map[types.NamespacedName]*object{}, repos: map[types.NamespacedName]*gitRepo{}}
		l.members[cluster] = m
	}
	m.engagement, m.joinedAt = l.epoch, joinedAt
	return m.engagement
}

// Synced records that all CommitStatuses and GitRepos of an engagement are in the ledger. From
// now on its claims count; claims that it did not renew are dropped.
func (l *Ledger) Synced(cluster string, engagement uint64) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	m := l.members[cluster]
	if m == nil || m.engagement != engagement {
		return out
	}
	m.synced = true
	out.add(l.sweepRepos(m))
	for _, o := range m.objects {
		if o.engagement != engagement {
			out.add(l.remove(m, o, OutOfSight))
			continue
		}
		if l.sharers[o.source.UID] != nil {
			out.add(l.enlist(o))
		}
		l.nowCounts(o)
		out.add(l.changesOf(o))
	}
	out.Keys = append(out.Keys, l.waitingFor(cluster)...)
	return out
}

// Disengage forgets the claims of a cluster, unless it was engaged again since.
func (l *Ledger) Disengage(cluster string, engagement uint64) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	m := l.members[cluster]
	if m == nil || m.engagement != engagement {
		return out
	}
	delete(l.members, cluster)
	for _, o := range m.objects {
		out.add(l.remove(m, o, OutOfSight))
	}
	if a := l.abandoned[cluster]; a != nil && a.places == 0 {
		delete(l.abandoned, cluster)
	}
	out.Keys = append(out.Keys, l.waitingFor(cluster)...)
	return out
}

// SetObject takes a CommitStatus as it is now. It keeps source, which must not
// be changed afterwards.
func (l *Ledger) SetObject(cluster string, engagement uint64, source *v1alpha1.CommitStatus) Changes {
	return l.setObject(cluster, engagement, source, false)
}

// SetLateObject is SetObject for a CommitStatus of a namespace that the member did not let
// the hub list before. It may be as old as any, although its member is synced.
func (l *Ledger) SetLateObject(cluster string, engagement uint64, source *v1alpha1.CommitStatus) Changes {
	return l.setObject(cluster, engagement, source, true)
}

func (l *Ledger) setObject(cluster string, engagement uint64, source *v1alpha1.CommitStatus, late bool) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.current(cluster, engagement)
	if m == nil {
		return Changes{}
	}
	var out Changes
	name := types.NamespacedName{Namespace: source.Namespace, Name: source.Name}
	o := m.objects[name]
	if o != nil && o.source.UID != source.UID {
		out.add(l.remove(m, o, Deleted))
		o = nil
	}
	if o == nil {
		o = &object{cluster: cluster, known: (late || !l.synced(cluster)) && !l.joined(cluster), late: late}
		m.objects[name] = o
	} else {
		l.noteRequest(o, source)
		l.noteOthers(o, source)
	}
	if o.restores(source, engagement) {
		o.applied = nil
	}
	o.source, o.engagement = source, engagement
	o.catchUp()
	m.use(o)
	out.add(l.enlist(o))
	o.shareClaimed()
	return out
}

// RemoveObject takes in that a CommitStatus is no more, or is not seen any more.
func (l *Ledger) RemoveObject(cluster string, engagement uint64, name types.NamespacedName, why ReleaseReason) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.current(cluster, engagement)
	if m == nil || m.objects[name] == nil {
		return Changes{}
	}
	return l.remove(m, m.objects[name], why)
}

// objectAt is the CommitStatus of an ID, nil where there is none.
func (l *Ledger) objectAt(id ObjectID) *object {
	m := l.members[id.Cluster]
	if m == nil {
		return nil
	}
	return m.objects[types.NamespacedName{Namespace: id.Namespace, Name: id.Name}]
}
