package kubeconfigs

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/cluster"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"
	"sigs.k8s.io/multicluster-runtime/pkg/multicluster"
)

// DefaultObjectLimit is how many objects of a kind are watched in one member.
const DefaultObjectLimit = 50_000

// Options say which members a Provider engages, and how.
type Options struct {
	// Namespace is the hub's namespace, where the labeled Secrets are.
	Namespace string
	// Local, where set, is the access to the hub's own cluster, which is then
	// engaged as LocalCluster. It is trusted and used as it is.
	Local *rest.Config
	// Scheme knows the kinds of this project. Defaults to the manager's.
	Scheme *runtime.Scheme
	// ObjectLimit is how many CommitStatuses, and how many GitRepos, of one member are
	// watched; 0 means 50 000. Above it the namespace that holds most has its newest objects
	// left out first. An object counts once more for each 4 KiB that is kept of it.
	ObjectLimit int
	// FleetLimit is how many objects of all members together are watched, counted alike.
	// Above it the member that holds most has objects left out first. 0 means one for each
	// 8 KiB of the process's memory limit (GOMEMLIMIT), or DefaultFleetLimit without one.
	FleetLimit int
	// Keep takes from an object what is not to be kept of it, and returns about how many
	// bytes the rest takes beside what any object does. Unset, all is kept.
	Keep func(client.Object) (size int)
	// Clock defaults to the real one. It times the retries; requests have their
	// deadlines from the runtime.
	Clock clock.WithTicker
	// Recorder writes the events on Secrets. Defaults to the manager's.
	Recorder events.EventRecorder
	// Log gets an entry when a member's health changes.
	Log logr.Logger
}

// Provider engages the clusters that labeled Secrets name. It is deliberately
// no multicluster.ProviderRunnable: the manager would start that on the leader
// only, while members are to be watched on every replica.
type Provider struct {
	options   Options
	deadlines deadlines
	// lagLimit and recheckEvery are the constants of these names, but for tests.
	lagLimit, recheckEvery time.Duration
	// budget is what all members share.
	budget *budget

	mgr multicluster.Aware
	// changed wakes who announces how the members are.
	changed chan struct{}

	// codec is what all members' answers are read by.
	codec func() *codec

	// running counts the goroutines of all members.
	running sync.WaitGroup

	mu sync.Mutex
	// ctx is Start's, from which every member's derives; nil unless running.
	ctx     context.Context
	members map[multicluster.ClusterName]*member
	// desired is what the Secrets of members ask for.
	desired desiredMembers
	// shared are the members that show objects of others, until the ledger says otherwise.
	shared map[multicluster.ClusterName]sharedObjects
	// listed reports whether every Secret has been seen once; nil before Start.
	listed func() bool
	// reserved is the Secret that was last refused for its name.
	reserved types.UID
}

var _ multicluster.Provider = &Provider{}

// New makes a Provider, which does nothing before SetupWithManager.
func New(options Options) *Provider {
	if options.Clock == nil {
		options.Clock = clock.RealClock{}
	}
	if options.ObjectLimit == 0 {
		options.ObjectLimit = DefaultObjectLimit
	}
	if options.FleetLimit == 0 {
		options.FleetLimit = unitsIn(memoryLimit())
	}
	if options.Keep == nil {
		options.Keep = func(client.Object) int { return 0 }
	}
	p := &Provider{
		options:   options,
		deadlines: defaultDeadlines,
		lagLimit:  lagLimit, recheckEvery: recheckEvery,
		budget:  newBudget(options.FleetLimit, options.Clock),
		members: map[multicluster.ClusterName]*member{},
		desired: desiredMembers{},
		shared:  map[multicluster.ClusterName]sharedObjects{},
		changed: make(chan struct{}, 1),
	}
	p.codec = sync.OnceValue(func() *codec { return newCodec(p.options.Scheme) })
	return p
}

// OnRetain sets a function that returns how many bytes the handlers of a member's cache keep of
// an object, beside the version of their last notification. They count as the object's own.
// Call it before SetupWithManager; retained must not call the Provider.
func (p *Provider) OnRetain(retained func(cluster string, object client.Object) int) {
	p.budget.retained = retained
}

// SetupWithManager has the manager run the provider, on every replica; the leader
// also annotates the Secrets, and renews the tokens in them. The manager's cache
// should hold Secrets of the hub's namespace only.
func (p *Provider) SetupWithManager(mgr mcmanager.Manager) error {
	local := mgr.GetLocalManager()
	p.mgr = mgr
	if p.options.Scheme == nil {
		p.options.Scheme = local.GetScheme()
	}
	if p.options.Recorder == nil {
		p.options.Recorder = local.GetEventRecorder("commit-status-hub")
	}
	for _, r := range []manager.Runnable{
		&healthPublisher{provider: p, client: local.GetClient()},
		&renewer{provider: p, client: local.GetClient(), reader: local.GetAPIReader()},
	} {
		if err := local.Add(r); err != nil {
			return fmt.Errorf("adding what looks after Secrets: %w", err)
		}
	}
	return local.Add(&secretWatcher{provider: p, cache: local.GetCache()})
}

// Get returns an engaged cluster, or ErrClusterNotFound.
func (p *Provider) Get(_ context.Context, name multicluster.ClusterName) (cluster.Cluster, error) {
	p.mu.Lock()
	m := p.members[name]
	p.mu.Unlock()
	if m != nil {
		if engaged := m.engaged(); engaged != nil {
			return engaged.cluster, nil
		}
	}
	return nil, fmt.Errorf("cluster %q: %w", name, multicluster.ErrClusterNotFound)
}

// IndexField implements multicluster.Provider. It always fails, as members' caches cannot be
// read.
func (*Provider) IndexField(context.Context, client.Object, string, client.IndexerFunc) error {
	return errNotReadable
}

// SetOutdated says which field of a status a member does not keep, "" for none: its CRDs
// are of an older version. It holds until it is said otherwise, or the member is engaged
// anew.
func (p *Provider) SetOutdated(name, field string) {
	if m := p.member(name); m != nil {
		m.setOutdated(field)
	}
}

// SetForbidden says whether a member refuses the patch of some statuses, for as long as
// SetOutdated does.
func (p *Provider) SetForbidden(name string, forbidden bool) {
	if m := p.member(name); m != nil {
		m.setForbidden(forbidden)
	}
}

// SetRefused says what a member says whose admission or CRDs refuse some statuses, "" where
// it refuses none, for as long as SetOutdated does.
func (p *Provider) SetRefused(name, words string) {
	if m := p.member(name); m != nil {
		m.setRefused(words)
	}
}

func (p *Provider) member(name string) *member {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.members[multicluster.ClusterName(name)]
}

// notify wakes who announces how the members are.
func (p *Provider) notify() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

// Names returns the names of the clusters that have a Secret, and of the hub's
// own where it is served. Those that another Secret stands for are not among them.
// complete is false until the Secrets have all been read.
func (p *Provider) Names() (names []string, complete bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, m := range p.members {
		if w, _ := m.reported(); w.duplicateOf == "" {
			names = append(names, name.String())
		}
	}
	return names, p.listed != nil && p.listed()
}

// JoinedAt returns the creationTimestamp of a member's Secret, which the hub's API server
// sets and no member can forge. It is zero for the hub's own cluster and for unknown names.
func (p *Provider) JoinedAt(name string) time.Time {
	m := p.member(name)
	if m == nil {
		return time.Time{}
	}
	w, _ := m.reported()
	return w.createdAt
}

// Health returns how each member is, by name.
func (p *Provider) Health() map[string]Health {
	health := map[string]Health{}
	for name, m := range p.snapshot() {
		health[name.String()] = m.healthNow()
	}
	return health
}

func (p *Provider) snapshot() map[multicluster.ClusterName]*member {
	p.mu.Lock()
	defer p.mu.Unlock()
	members := make(map[multicluster.ClusterName]*member, len(p.members))
	for name, m := range p.members {
		members[name] = m
	}
	return members
}

// open lets members begin, which derive from ctx.
func (p *Provider) open(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx = ctx
}

// shut lets no more begin.
func (p *Provider) shut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ctx = nil
}
