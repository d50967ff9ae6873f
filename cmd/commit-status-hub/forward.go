package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/argoproj-labs/commit-status-hub/hub"
	"github.com/argoproj-labs/commit-status-hub/hub/web/forward"
	"github.com/argoproj-labs/commit-status-hub/hub/web/why"
)

// hubFlags say which hub a person means, where no other cluster is meant as well, and what lets in
// to its fleet page.
type hubFlags struct {
	clusterFlags
	tokenFile string
}

func (f *hubFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "file with your contexts (default $KUBECONFIG, else ~/.kube/config)")
	flags.StringVar(&f.hubContext, "context", "", "context of the hub's cluster, also called --hub-context (default the current one)")
	flags.StringVar(&f.namespace, "namespace", hubNamespace(), "namespace of the hub; $POD_NAMESPACE where set")
	// The cluster subcommands have two contexts, and this is the one that they call the hub's.
	flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		if name == "hub-context" {
			name = "context"
		}
		return pflag.NormalizedName(name)
	})
	f.completeContext(cmd, "context")
	flags.StringVar(&f.tokenFile, "token-file", "", "file with a bearer token, for a fleet page that is not on a loopback address")
}

// page returns the way to the hub's fleet page. It sends nothing.
func (f *hubFlags) page() (forward.Hub, error) {
	token, err := why.Token(f.tokenFile)
	if err != nil {
		return forward.Hub{}, err
	}
	cluster, err := f.hub()
	if err != nil {
		return forward.Hub{}, err
	}
	return forward.Hub{Client: cluster, Config: cluster.Config, Namespace: f.namespace, Lease: hub.LeaseName, Token: token}, nil
}
