package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

func newClusterRemove(f *clusterFlags) *cobra.Command {
	var context string
	var keep, orphaned bool
	cmd := &cobra.Command{
		Use:     "remove NAME [--context CONTEXT | --keep-member]",
		Aliases: []string{"rm"},
		Short:   "Remove a member",
		Long: `Delete a member's Secret on the hub, and what cluster add made in the member for the
hub's account; the latter needs --context. The CRDs stay, and with them the
CommitStatuses; so does what they show in the SCM.

A name without a Secret is refused, and so is the context of a cluster that is a member
by another name.`,
		Example: `  commit-status-hub cluster remove prod-eu --context prod-eu

  # The cluster is gone already, or shall stay as it is
  commit-status-hub cluster remove prod-eu --keep-member

  # The Secret was deleted before, and the member still has what cluster add made
  commit-status-hub cluster remove prod-eu --context prod-eu --orphaned`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if orphaned && context == "" {
				return errors.New("--orphaned needs --context: on the hub there is nothing left to remove")
			}
			hub, err := f.hub()
			if err != nil {
				return err
			}
			var member *onboard.Cluster
			if context != "" {
				connected, err := f.contexts().Cluster(context)
				if err != nil {
					return err
				}
				member = &connected
			}
			removal := onboard.Removal{Namespace: f.namespace, Name: args[0], Orphaned: orphaned}
			removed, err := onboard.Remove(cmd.Context(), hub, member, removal)
			if err != nil {
				return err
			}
			removed.Report(cmd.OutOrStdout(), hub, member, removal, keep)
			return nil
		},
		ValidArgsFunction: f.completeName,
	}
	cmd.Flags().StringVar(&context, "context", "", "context of the member, to delete there what was made for the hub")
	cmd.Flags().BoolVar(&keep, "keep-member", false, "leave the member as it is")
	cmd.Flags().BoolVar(&orphaned, "orphaned", false, "the member's Secret is gone already: remove what is left in the member")
	cmd.MarkFlagsMutuallyExclusive("context", "keep-member")
	cmd.MarkFlagsMutuallyExclusive("orphaned", "keep-member")
	f.completeContext(cmd, "context")
	return cmd
}
