package main

import (
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

func newClusterAdd(f *clusterFlags) *cobra.Command {
	var plan onboard.Plan
	var member, server, output string
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "add NAME --context CONTEXT",
		Short: "Make a cluster a member, or renew a member's token and rights",
		Long: `Make a cluster a member of the hub, by the name that grants know it by: a
ServiceAccount with the least rights in the member, and on the hub a Secret with a
kubeconfig for it. Done again, it renews the token and whatever else has changed; the
hub takes it over without a restart.`,
		Example: `  # The cluster of context prod-eu becomes a member; the current context is the hub
  commit-status-hub cluster add prod-eu --context prod-eu --crds

  # The hub reaches it at another address than you
  commit-status-hub cluster add prod-eu --context prod-eu --server https://10.0.0.7:6443

  # The hub is let into two namespaces only
  commit-status-hub cluster add prod-eu --context prod-eu --namespaces team-a,team-b

  # Look first at what would be made
  commit-status-hub cluster add prod-eu --context prod-eu --dry-run -o yaml`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan.Name, plan.Namespace = args[0], f.namespace
			plan.AllNamespaces = cmd.Flags().Changed("namespaces") && len(plan.Namespaces) == 0
			if err := checkOutput(output, cmd.Flags().Changed("output"), dryRun); err != nil {
				return err
			}
			var err error
			if plan.Endpoint, err = f.contexts().Endpoint(member, server); err != nil {
				return err
			}
			if dryRun {
				return plan.Preview(cmd.OutOrStdout())
			}
			return f.add(cmd, plan, member)
		},
		ValidArgsFunction: f.completeName,
	}
	flags := cmd.Flags()
	flags.StringVar(&member, "context", "", "context of the member, in which you may make roles (required)")
	flags.StringVar(&server, "server", "", "address at which the hub reaches the member (default the context's)")
	flags.StringSliceVar(&plan.Namespaces, "namespaces", nil, "namespaces that the hub is let into, by Roles there (default all, by a ClusterRole)")
	flags.BoolVar(&plan.CRDs, "crds", false, "install the CRDs in the member, or bring them up to date")
	flags.DurationVar(&plan.TokenDuration, "token-duration", 720*time.Hour, "how long the token lives; the member's API server may allow less")
	flags.BoolVar(&plan.StaticToken, "static-token", false, "use a token Secret in the member, which does not end")
	flags.BoolVar(&plan.ForceConflicts, "force-conflicts", false, "take over roles of the hub's name in the member that somebody else manages")
	flags.BoolVar(&dryRun, "dry-run", false, "print what would be made on both sides, and touch nothing")
	flags.StringVarP(&output, "output", "o", onboard.YAML, "format of --dry-run: yaml")
	cmd.MarkFlagsMutuallyExclusive("static-token", "token-duration")
	if err := cmd.MarkFlagRequired("context"); err != nil {
		panic(err) // there is no such flag: a mistake in the code itself
	}
	f.completeContext(cmd, "context")
	choices(cmd, onboard.YAML)
	return cmd
}

func checkOutput(output string, chosen, dryRun bool) error {
	if chosen && !dryRun {
		return errors.New("--output is for --dry-run")
	}
	return onboard.ValidateFormat(output, onboard.YAML)
}

func (f *clusterFlags) add(cmd *cobra.Command, plan onboard.Plan, context string) error {
	hub, err := f.hub()
	if err != nil {
		return err
	}
	member, err := f.contexts().Cluster(context)
	if err != nil {
		return err
	}
	added, err := onboard.Add(cmd.Context(), hub, member, plan)
	if err != nil {
		return err
	}
	added.Report(cmd.OutOrStdout(), hub)
	return nil
}
