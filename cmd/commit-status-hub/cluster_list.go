package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

// listFormats are those that cluster list prints.
var listFormats = []string{onboard.Table, onboard.JSON, onboard.YAML}

func newClusterList(f *clusterFlags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the members and how they are",
		Long: `List the members and how they are, by what is in their Secrets on the hub. No member
is asked: cluster check does that.`,
		Example: `  commit-status-hub cluster list

  # The names of those that are not connected
  commit-status-hub cluster list -o json | jq -r '.members[] | select(.state != "Connected").name'`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := onboard.ValidateFormat(output, listFormats...); err != nil {
				return err
			}
			hub, err := f.hub()
			if err != nil {
				return err
			}
			members, err := onboard.List(cmd.Context(), hub, f.namespace)
			if err != nil {
				return err
			}
			return onboard.PrintMembers(cmd.OutOrStdout(), output, members, time.Now())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", onboard.Table, "table, json or yaml")
	choices(cmd, listFormats...)
	return cmd
}
