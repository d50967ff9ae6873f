package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

func newClusterCheck(f *clusterFlags) *cobra.Command {
	return &cobra.Command{
		Use:   "check NAME",
		Short: "Say what the hub lacks in a member",
		Long: `Connect to a member with the kubeconfig in its Secret, as the hub does, and say what
is there and what is missing: the way there, the CRDs, each permission. The exit status
is not 0 if something is missing; what mends it is in the same line.`,
		Example: `  commit-status-hub cluster check prod-eu`,
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			hub, err := f.hub()
			if err != nil {
				return err
			}
			findings, err := onboard.Check(cmd.Context(), hub, f.namespace, args[0], time.Now())
			bad := onboard.PrintFindings(cmd.OutOrStdout(), findings)
			if err == nil && bad > 0 {
				err = fmt.Errorf("%s: %d of %d are not as the hub needs them", args[0], bad, len(findings))
			}
			return err
		},
		ValidArgsFunction: f.completeName,
	}
}
