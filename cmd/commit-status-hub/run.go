package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	ctrlconfig "sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/hub/web"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

func newRun() *cobra.Command {
	var o hub.Options
	logging := zap.Options{}
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the hub",
		Long: `Run the hub on the cluster of the current kubeconfig context, or of the pod it
runs in. Member clusters are the Secrets in its namespace that are labeled
sigs.k8s.io/multicluster-runtime-kubeconfig=true.`,
		Example: `  # On the cluster of the current context, for trying out
  commit-status-hub run --leader-elect=false --metrics-bind-address=0`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := check(o); err != nil {
				return err
			}
			o.Log, o.Version = startLog(&logging), version
			if err := run(cmd.Context(), o); err != nil {
				o.Log.Error(err, "the hub has failed")
				return logged{err}
			}
			return nil
		},
	}
	addRunFlags(cmd, &o, &logging)
	return cmd
}

func run(ctx context.Context, o hub.Options) error {
	config, err := ctrlconfig.GetConfig()
	if err != nil {
		return fmt.Errorf("finding the hub's cluster: %w", err)
	}
	return hub.Run(ctx, config, o)
}

func addRunFlags(cmd *cobra.Command, o *hub.Options, logging *zap.Options) {
	f := cmd.Flags()
	f.StringVar(&o.Namespace, "namespace", hubNamespace(), "namespace of the hub's ScmProviders and Secrets; $POD_NAMESPACE where set")
	f.BoolVar(&o.LocalCluster, "local-cluster", true, `serve the CommitStatuses of the hub's own cluster too, as cluster "local"`)
	f.BoolVar(&o.LeaderElect, "leader-elect", true, "let replicas agree on one that writes; the others watch and take over")
	f.DurationVar(&o.LeaseDuration, "leader-elect-lease-duration", 7*time.Second, "how long a standby waits for a leader that does not renew its lease")
	f.DurationVar(&o.RenewDeadline, "leader-elect-renew-deadline", 5*time.Second, "how long the leader tries to renew its lease before it gives up")
	f.DurationVar(&o.RetryPeriod, "leader-elect-retry-period", time.Second, "time between two tries to get or renew the lease")
	f.DurationVar(&o.UnheardGrace, "unheard-grace", 15*time.Minute, "how long after its start the hub waits for a member that cannot be read, before others take over what it owned")
	f.IntVar(&o.MemberObjectLimit, "member-object-limit", kubeconfigs.DefaultObjectLimit, "how many CommitStatuses, and how many GitRepos, of one member are watched; beyond it the newest of the namespace that holds most are left out, and an object counts once more for each 4 KiB of it")
	f.IntVar(&o.FleetObjectLimit, "fleet-object-limit", 0, "how many objects of all members together are watched, counted alike; beyond it the member that holds most has objects left out; 0 means one for each 8 KiB of the memory limit (GOMEMLIMIT), or 125000 without one")
	f.StringVar(&o.MetricsBindAddress, "metrics-bind-address", ":8443", "address of the metrics endpoint; 0 switches it off")
	f.BoolVar(&o.MetricsSecure, "metrics-secure", true, "serve metrics over TLS, to whom the API server authenticates and authorizes")
	f.StringVar(&o.HealthProbeBindAddress, "health-probe-bind-address", ":8081", "address of /healthz and /readyz; 0 switches them off")
	f.StringVar(&o.PprofBindAddress, "pprof-bind-address", "0", "address of Go's profiles under /debug/pprof, without authentication: a loopback one such as 127.0.0.1:6060; 0 switches them off")
	f.StringVar(&o.WebBindAddress, "web-bind-address", web.DefaultBindAddress, "address of the fleet page; on a loopback address there is no login, on any other it is served over TLS, to whom the API server authenticates and authorizes for /fleet; 0 switches it off")
	f.IntVar(&o.Workers, "workers", 256, "how many statuses are worked on at once")

	// --kubeconfig and --zap-* come from libraries that know Go's own flags only.
	fs := flag.NewFlagSet("run", flag.ContinueOnError)
	logging.BindFlags(fs)
	ctrlconfig.RegisterFlags(fs)
	f.AddGoFlagSet(fs)
	f.Lookup("zap-time-encoding").Usage = timeEncodings
}

func check(o hub.Options) error {
	switch {
	case o.Namespace == "":
		return errors.New("--namespace must not be empty")
	case o.Workers < 1:
		return errors.New("--workers must be at least 1")
	case o.MemberObjectLimit < 1:
		return errors.New("--member-object-limit must be at least 1")
	case o.FleetObjectLimit < 0:
		return errors.New("--fleet-object-limit must not be negative")
	case o.UnheardGrace < 0:
		return errors.New("--unheard-grace must not be negative")
	case o.LeaderElect && (o.LeaseDuration <= o.RenewDeadline || o.RenewDeadline <= o.RetryPeriod || o.RetryPeriod <= 0):
		return errors.New("--leader-elect-lease-duration must be longer than --leader-elect-renew-deadline, and that longer than --leader-elect-retry-period")
	}
	return nil
}
