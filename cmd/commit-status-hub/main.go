// Command commit-status-hub shows the commit statuses of many clusters in GitHub,
// each written once.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	ctrl "sigs.k8s.io/controller-runtime"
)

// version is set by the build.
var version = "development"

func main() {
	os.Exit(execute(ctrl.SetupSignalHandler(), newRoot(), os.Stdout, os.Stderr))
}

// execute runs a command and returns the exit status. An error may quote what a member
// says, so it is printed without control characters. One that was logged is not printed.
func execute(ctx context.Context, root *cobra.Command, out, stderr io.Writer) int {
	root.SetOut(out)
	root.SetErr(stderr)
	// Both write to what was set before.
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	refuseUnknown(root)
	if err := root.ExecuteContext(ctx); err != nil {
		if !errors.As(err, &logged{}) {
			fmt.Fprintln(stderr, "commit-status-hub:", plain(err.Error()))
		}
		return 1
	}
	return 0
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "commit-status-hub",
		Short:         "Show the commit statuses of many clusters in their SCM, each written once",
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.AddCommand(newRun(), newCluster(), newDashboard(openBrowser), newWhy(), newVersion())
	return root
}

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(cmd.OutOrStdout(), version)
			return err
		},
	}
}
