package hub

import (
	"fmt"
	"net/http"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	mcmanager "sigs.k8s.io/multicluster-runtime/pkg/manager"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/hub/ledger"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// shutdownTimeout is how long a stop waits for workers: a request's grace and
// some time for what follows it.
const shutdownTimeout = 3 * time.Second

// Options are the settings of a hub.
type Options struct {
	// Namespace is where the hub's ScmProviders and Secrets are.
	Namespace string
	// LocalCluster says whether the CommitStatuses of the hub's own cluster are
	// served, as cluster "local".
	LocalCluster bool
	// LeaderElect says whether replicas agree on one that writes.
	LeaderElect bool
	// LeaseDuration, RenewDeadline and RetryPeriod time the leader election.
	LeaseDuration, RenewDeadline, RetryPeriod time.Duration
	// UnheardGrace is how long after its start the hub waits for a member before
	// others may take over what the member's claims owned.
	UnheardGrace time.Duration
	// MemberObjectLimit is how many CommitStatuses, and how many GitRepos, of one member
	// are watched; 0 means kubeconfigs.DefaultObjectLimit.
	MemberObjectLimit int
	// FleetObjectLimit is how many objects of all members together are watched; 0 means what
	// fits the process's memory limit, see kubeconfigs.Options.
	FleetObjectLimit int
	// MetricsBindAddress is where metrics are served; "0" serves none.
	MetricsBindAddress string
	// MetricsSecure serves metrics over TLS to whom the API server lets in.
	MetricsSecure bool
	// HealthProbeBindAddress is where /healthz and /readyz are; "0" serves none.
	HealthProbeBindAddress string
	// PprofBindAddress is the address of the profiles, which need no authentication; "0" serves
	// none.
	PprofBindAddress string
	// WebBindAddress is where the fleet page is served; "" and "0" serve none. Elsewhere than on
	// loopback it is served over TLS to whom the API server lets in.
	WebBindAddress string
	// Workers is how many keys are worked on at once.
	Workers int
	// Version is the build that runs: the metric build_info and the fleet page have it; empty means
	// unknown.
	Version string
	// Log is where the hub logs.
	Log logr.Logger
	// Clock is what the ledger, the queue, the budgets and the publisher tell time by;
	// nil is the real one. It is there so that tests can let time go faster. Members'
	// connections, deadlines of requests and the lease keep real time.
	Clock clock.WithTickerAndDelayedExecution
	// Embedded lets one process run several hubs, one after another or side by
	// side, as tests and the demo do.
	Embedded bool
}

// Scheme returns a scheme with all kinds that the hub uses.
func Scheme() (*runtime.Scheme, error) {
	s := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(s); err != nil {
			return nil, fmt.Errorf("building the scheme: %w", err)
		}
	}
	return s, nil
}

func newManager(cfg *rest.Config, o Options) (mcmanager.Manager, *kubeconfigs.Provider, *Lead, *ledger.Seals, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, nil, nil, nil, err
	}
	seal := &ledger.Seals{}
	opts := kubeconfigs.Options{
		Namespace:   o.Namespace,
		Scheme:      scheme,
		ObjectLimit: o.MemberObjectLimit,
		FleetLimit:  o.FleetObjectLimit,
		Keep:        seal.Keep,
		Clock:       clock.RealClock{},
		Log:         o.Log,
	}
	if o.LocalCluster {
		opts.Local = cfg
	}
	members := kubeconfigs.New(opts)
	var mgr mcmanager.Manager
	recorder := func() events.EventRecorder { return mgr.GetLocalManager().GetEventRecorder(v1alpha1.FieldOwner) }
	lead, err := newLead(cfg, o, recorder)
	if err != nil {
		return nil, nil, nil, nil, err
	}
	settings := managerOptions(scheme, o)
	if lead != nil {
		settings.LeaderElectionResourceLockInterface = lead
	}
	if mgr, err = mcmanager.New(cfg, members, settings); err != nil {
		return nil, nil, nil, nil, managerError(err)
	}
	return mgr, members, lead, seal, nil
}

// managerError returns why no manager could be made, and what to do about CRDs that are missing.
func managerError(err error) error {
	if meta.IsNoMatchError(err) {
		return fmt.Errorf("the CRDs are missing in the hub's cluster: kubectl apply -k deploy/crds installs them, "+
			"or kubectl apply -f deploy/install/crds.yaml: %w", err)
	}
	return fmt.Errorf("making the manager: %w", err)
}

func managerOptions(scheme *runtime.Scheme, o Options) manager.Options {
	own := map[string]cache.Config{o.Namespace: {}}
	timeout := shutdownTimeout
	m := metricsserver.Options{BindAddress: o.MetricsBindAddress, SecureServing: o.MetricsSecure}
	if o.MetricsSecure {
		m.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	return manager.Options{
		Scheme: scheme,
		Logger: o.Log,
		// Only the hub's own namespace: its role reads Secrets nowhere else.
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&corev1.Secret{}:        {Namespaces: own},
			&v1alpha1.ScmProvider{}: {Namespaces: own},
		}},
		Controller:                    config.Controller{SkipNameValidation: &o.Embedded},
		Metrics:                       m,
		HealthProbeBindAddress:        o.HealthProbeBindAddress,
		PprofBindAddress:              o.PprofBindAddress,
		LeaderElection:                o.LeaderElect,
		LeaderElectionID:              LeaseName,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &o.LeaseDuration,
		RenewDeadline:                 &o.RenewDeadline,
		RetryPeriod:                   &o.RetryPeriod,
		GracefulShutdownTimeout:       &timeout,
	}
}

// addChecks makes the hub ready when its own cache is synced. A dead member does
// not make it unready.
func addChecks(mgr manager.Manager) error {
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return fmt.Errorf("adding the health check: %w", err)
	}
	err := mgr.AddReadyzCheck("cache", func(req *http.Request) error {
		if !mgr.GetCache().WaitForCacheSync(req.Context()) {
			return fmt.Errorf("the hub's own cache is not synced yet")
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("adding the ready check: %w", err)
	}
	return nil
}
