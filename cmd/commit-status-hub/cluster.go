package main

import (
	"context"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

// completionLimit is how long a shell waits for names.
const completionLimit = 3 * time.Second

// clusterFlags are those of all subcommands of cluster.
type clusterFlags struct {
	kubeconfig, hubContext, namespace string
}

func newCluster() *cobra.Command {
	f := &clusterFlags{}
	cmd := &cobra.Command{
		Use:   "cluster",
		Short: "Add, list, check and remove member clusters",
		Long: `Add, list, check and remove member clusters.

The commands act with the rights of your own kubeconfig, whose current context is the
hub's cluster unless --hub-context says otherwise.`,
		Args:             cobra.NoArgs,
		PersistentPreRun: toTerminal,
	}
	flags := cmd.PersistentFlags()
	flags.StringVar(&f.kubeconfig, "kubeconfig", "", "file with your contexts (default $KUBECONFIG, else ~/.kube/config)")
	flags.StringVar(&f.hubContext, "hub-context", "", "context of the hub's cluster (default the current one)")
	flags.StringVar(&f.namespace, "namespace", hubNamespace(), "namespace of the hub on the hub, and of its account in members; $POD_NAMESPACE where set")
	f.completeContext(cmd, "hub-context")
	cmd.AddCommand(newClusterAdd(f), newClusterList(f), newClusterCheck(f), newClusterRemove(f))
	return cmd
}

// toTerminal has a command print without control characters: members word much of it.
func toTerminal(cmd *cobra.Command, _ []string) {
	cmd.SetOut(&terminal{out: cmd.OutOrStdout()})
	cmd.SetErr(&terminal{out: cmd.ErrOrStderr()})
}

// hubNamespace is the namespace of the pod, if this runs in one, or else that of the
// manifests.
func hubNamespace() string {
	if namespace := os.Getenv("POD_NAMESPACE"); namespace != "" {
		return namespace
	}
	return onboard.DefaultNamespace
}

func (f *clusterFlags) contexts() onboard.Contexts {
	return onboard.Contexts{Kubeconfig: f.kubeconfig}
}

func (f *clusterFlags) hub() (onboard.Cluster, error) {
	return f.contexts().Cluster(f.hubContext)
}

// completeName completes the first argument with the members' names.
func (f *clusterFlags) completeName(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	hub, err := f.hub()
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, completionLimit)
	defer cancel()
	members, err := onboard.List(ctx, hub, f.namespace)
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	names := make([]string, 0, len(members))
	for i := range members {
		names = append(names, members[i].Name)
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}

// completeContext completes a flag with the contexts that there are.
func (f *clusterFlags) completeContext(cmd *cobra.Command, flag string) {
	err := cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return f.contexts().Names(), cobra.ShellCompDirectiveNoFileComp
	})
	if err != nil {
		panic(err) // there is no such flag: a mistake in the code itself
	}
}

// choices completes --output with its formats.
func choices(cmd *cobra.Command, formats ...string) {
	if err := cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // there is no such flag: a mistake in the code itself
	}
}
