package main

import (
	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

func newClusterRemove(f *clusterFlags) *cobra.Command {
	var context string
	var keep bool
	cmd := &cobra.Command{
		Use:     "remove NAME [--context CONTEXT | --keep-member]",
		Aliases: []string{"rm"},
		Short:   "Let a member go",
		Long: `Delete a member's Secret on the hub, and what cluster add made in the member for the
hub's account; the latter needs --context. The CRDs stay, and with them the
CommitStatuses; so does what they show in the SCM.`,
		Example: `  commit-status-hub cluster remove prod-eu --context prod-eu

  # The cluster is gone already, or shall stay as it is
  commit-status-hub cluster remove prod-eu --keep-member`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			hub, err := f.hub(cmd)
			if err != nil {
				return err
			}
			var member *onboard.Cluster
			if context != "" {
				connected, err := f.contexts(cmd).Cluster(context)
				if err != nil {
					return err
				}
				member = &connected
			}
			removed, err := onboard.Remove(cmd.Context(), hub, member, f.namespace, args[0])
			if err != nil {
				return err
			}
			removed.Report(cmd.OutOrStdout(), hub, member, f.namespace, args[0], keep)
			return nil
		},
		ValidArgsFunction: f.completeName,
	}
	cmd.Flags().StringVar(&context, "context", "", "context of the member, to delete there what was made for the hub")
	cmd.Flags().BoolVar(&keep, "keep-member", false, "leave the member as it is")
	cmd.MarkFlagsMutuallyExclusive("context", "keep-member")
	f.completeContext(cmd, "context")
	return cmd
}
