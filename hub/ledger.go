package hub

import (
	"math/rand/v2"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/providers"
)

// Ledger knows who claims which key and what its SCM shows. It lives in memory
// and is rebuilt from the members when the hub starts. Its methods take events
// or outcomes in and return what has to be looked at because of them; they never
// block and do no I/O.
type Ledger struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	members map[string]*member
	objects map[ObjectID]*object
	repos   map[ObjectID]gitRepo
	// users are the CommitStatuses that name a GitRepo, by the GitRepo, whether
	// it exists or not.
	users map[ObjectID]map[*object]struct{}
	scms  map[string]*scm
	keys  map[Key]*entry
	// commits are the keys by commit: without a name.
	commits map[Key]*commit
	uids    map[types.UID]*object
	gone    *forgotten
	saved   Saved
	// overruled counts failures that lost a conflict.
	overruled uint64
	epoch     uint64
	// loaded says that the hub's own ScmProviders are all here.
	loaded bool
	// started is when this process began to write, zero before. predecessorLeft is
	// when the last request of the one before may have been sent, zero for none.
	started         time.Time
	predecessorLeft time.Time
	// absent are the members that had a Secret when this process began to write and
	// had not been heard.
	absent map[string]struct{}
	// blocked reports whether an installation takes nothing now.
	blocked func(lane string) bool
	// random spreads comparisons: a number from 0 to 1.
	random func() float64
	grace  time.Duration
	fleet  func() (names []string, complete bool)
}

// member is one cluster. Its claims carry the engagement that last saw them.
type member struct {
	engagement uint64
	heard      bool
	// first is the engagement that its name had first.
	first uint64
	// twin is the name under which the same cluster was engaged before, "" for none.
	// While there is one nothing that is told under this name counts.
	twin string
}

// object is one CommitStatus.
type object struct {
	id         ObjectID
	engagement uint64
	source     *v1alpha1.CommitStatus
	repo       ObjectID
	claim      Claim
	// problem says why there is no claim; claim is then the last one.
	problem *providers.Error
	// applied is the status that the hub patched last and patchedAt the resource
	// version that came of it; events from before that version tell nothing new.
	applied   *v1alpha1.CommitStatusStatus
	patchedAt string
	// served says that the claim has been counted as shown.
	served bool
	// scm is the ScmProvider as the claim was made through it.
	scm *scm
	// placed says that the status was asked where the claim was last, and left are
	// the places whose end the next one waits for.
	placed bool
	left   []*departure
	// known says that a hub before this one may have known the object: what stands in
	// its way now may not have then.
	known bool
	// fresh says that the claim was made while its member was heard already, or that
	// its member is new, so that no hub before this one can have known of it.
	fresh bool
	// requested is the value of the annotation that asks for a fresh look.
	requested string
}

// Changes are the keys and objects that an event or an outcome concerns.
type Changes struct {
	Keys    []Key
	Objects []ObjectID
	// Twins are clusters that turned out to be engaged under another name already,
	// with that name.
	Twins map[string]string
}

func (c *Changes) add(o Changes) {
	c.Keys = append(c.Keys, o.Keys...)
	c.Objects = append(c.Objects, o.Objects...)
	for cluster, twin := range o.Twins {
		if c.Twins == nil {
			c.Twins = map[string]string{}
		}
		c.Twins[cluster] = twin
	}
}

// LedgerOptions are the settings of a Ledger.
type LedgerOptions struct {
	Clock clock.PassiveClock
	// UnheardGrace is how long after its start the hub waits for a member that
	// has not been heard, before others may take over what the member owned.
	UnheardGrace time.Duration
	// Fleet returns the names of the members that have a Secret; complete is false
	// while others may turn up.
	Fleet func() (names []string, complete bool)
	// Blocked reports whether an installation takes nothing now, because of a pause
	// or an outage. Unset, none ever is.
	Blocked func(lane string) bool
}

// NewLedger makes an empty Ledger.
func NewLedger(o LedgerOptions) *Ledger {
	if o.Blocked == nil {
		o.Blocked = func(string) bool { return false }
	}
	return &Ledger{
		clock:   o.Clock,
		members: map[string]*member{},
		objects: map[ObjectID]*object{},
		repos:   map[ObjectID]gitRepo{},
		users:   map[ObjectID]map[*object]struct{}{},
		scms:    map[string]*scm{},
		keys:    map[Key]*entry{},
		commits: map[Key]*commit{},
		uids:    map[types.UID]*object{},
		gone:    newForgotten(),
		grace:   o.UnheardGrace,
		fleet:   o.Fleet,
		blocked: o.Blocked,
		random:  rand.Float64,
	}
}

// Engage begins an engagement of a cluster and returns its token. Claims of an
// earlier engagement stay until the new one is heard.
func (l *Ledger) Engage(cluster string) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := l.members[cluster]
	l.epoch++
	if m == nil {
		m = &member{first: l.epoch}
		l.members[cluster] = m
	}
	m.engagement = l.epoch
	return m.engagement
}

// Heard says that all CommitStatuses and GitRepos of an engagement have been
// told. Only now its claims count; claims that it did not renew are dropped.
func (l *Ledger) Heard(cluster string, engagement uint64) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out Changes
	m := l.members[cluster]
	if m == nil || m.engagement != engagement {
		return out
	}
	m.heard = true
	out.add(l.sweepRepos(cluster, engagement))
	for id, o := range l.objects {
		switch {
		case id.Cluster != cluster:
		case o.engagement != engagement:
			out.add(l.remove(o, outOfSight))
		default:
			out.add(l.changesOf(o))
		}
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
	for id, o := range l.objects {
		if id.Cluster == cluster {
			out.add(l.remove(o, outOfSight))
		}
	}
	for id := range l.repos {
		if id.Cluster == cluster {
			delete(l.repos, id)
		}
	}
	out.add(l.freeTwins(cluster))
	out.Keys = append(out.Keys, l.waitingFor(cluster)...)
	return out
}

// SetObject takes a CommitStatus as it is now. It keeps source, which must not
// be changed afterwards.
func (l *Ledger) SetObject(cluster string, engagement uint64, source *v1alpha1.CommitStatus) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.current(cluster, engagement) {
		return Changes{}
	}
	id := ObjectID{Cluster: cluster, Namespace: source.Namespace, Name: source.Name}
	repo := ObjectID{Cluster: cluster, Namespace: source.Namespace, Name: source.Spec.GitRepoRef.Name}
	var out Changes
	out.add(l.noteTwin(id, source))
	o := l.objects[id]
	if o != nil && o.source.UID != source.UID {
		out.add(l.remove(o, deleted))
		o = nil
	}
	if o == nil {
		o = &object{id: id, requested: source.Annotations[v1alpha1.AnnotationRequestedAt], known: !l.heard(cluster) && !l.joined(cluster)}
		l.objects[id] = o
	} else {
		if o.repo != repo {
			l.unuse(o)
		}
		l.noteRequest(o, source)
	}
	o.source, o.engagement, o.repo = source, engagement, repo
	if _, ok := l.uids[source.UID]; !ok {
		l.uids[source.UID] = o
	}
	if l.users[repo] == nil {
		l.users[repo] = map[*object]struct{}{}
	}
	l.users[repo][o] = struct{}{}
	out.add(l.resolve(o))
	return out
}

// RemoveObject takes in that a CommitStatus is no more, or is not seen any more.
func (l *Ledger) RemoveObject(cluster string, engagement uint64, name types.NamespacedName, why parting) Changes {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.objects[ObjectID{Cluster: cluster, Namespace: name.Namespace, Name: name.Name}]
	if o == nil || !l.current(cluster, engagement) {
		return Changes{}
	}
	return l.remove(o, why)
}
