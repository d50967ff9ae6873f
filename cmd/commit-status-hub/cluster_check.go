package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs/onboard"
)

// checkFormats are those that cluster check prints.
var checkFormats = []string{onboard.Text, onboard.JSON, onboard.YAML}

func newClusterCheck(f *clusterFlags) *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:   "check NAME",
		Short: "Say what the hub lacks in a member",
		Long: `Connect to a member with the kubeconfig in its Secret, as the hub does, and say what
is there and what is missing: the way there, the CRDs, each permission. The exit status
is not 0 if something is missing; the command that repairs it comes last.`,
		Example: `  commit-status-hub cluster check prod-eu

  # What is missing or outdated
  commit-status-hub cluster check prod-eu -o json | jq -r '.findings[] | select(.remedy).what'`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := onboard.ValidateFormat(output, checkFormats...); err != nil {
				return err
			}
			hub, err := f.hub()
			if err != nil {
				return err
			}
			findings, err := onboard.Check(cmd.Context(), hub, f.namespace, args[0], time.Now())
			report := onboard.NewCheckReport(args[0], findings, err)
			if failed := report.Print(cmd.OutOrStdout(), output); failed != nil {
				return failed
			}
			if bad := report.Bad(); err == nil && bad > 0 {
				return fmt.Errorf("%s: %d of %d are not as the hub needs them", args[0], bad, len(findings))
			}
			return err
		},
		ValidArgsFunction: f.completeName,
	}
	cmd.Flags().StringVarP(&output, "output", "o", onboard.Text, "text, json or yaml")
	choices(cmd, checkFormats...)
	return cmd
}
