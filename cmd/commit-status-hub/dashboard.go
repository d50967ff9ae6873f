package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/argoproj-labs/commit-status-hub/hub/web/forward"
)

// dashboardPort is the local port of the fleet page, which is also the hub's own.
const dashboardPort = 8082

// newDashboard makes the command; open shows an address in a browser.
func newDashboard(open func(ctx context.Context, url string) error) *cobra.Command {
	var f hubFlags
	var port uint16
	var noBrowser bool
	cmd := &cobra.Command{
		Use:   "dashboard",
		Short: "Show the fleet page of the hub in a browser",
		Long: `Forward a local port to the replica of the hub that leads, and open the fleet page in a
browser. When another replica takes over, the same address leads to that one. Ctrl-C ends
the command.

It acts with the rights of your own kubeconfig. In the hub's namespace you need "get" of
leases and pods, and "create" of pods/portforward; with "get" of it too, the port is
forwarded over WebSockets, otherwise over SPDY.`,
		Example: `  commit-status-hub dashboard

  # The hub is in another cluster than that of the current context, and no browser is here
  commit-status-hub dashboard --context hub --no-browser --port 9000`,
		Args:   cobra.NoArgs,
		PreRun: toTerminal,
		RunE: func(cmd *cobra.Command, _ []string) error {
			hub, err := f.page()
			if err != nil {
				return err
			}
			d := forward.Dashboard{Hub: hub, Port: int(port), AnyPort: !cmd.Flags().Changed("port"), Open: open, Out: cmd.OutOrStdout()}
			if noBrowser {
				d.Open = nil
			}
			return d.Run(cmd.Context())
		},
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	f.add(cmd)
	cmd.Flags().Uint16Var(&port, "port", dashboardPort, "local port; 0 takes any that is free, as does the default where it is taken")
	cmd.Flags().BoolVar(&noBrowser, "no-browser", false, "print the address only")
	return cmd
}

// openBrowser shows an address in the person's browser. It does not wait for that.
func openBrowser(ctx context.Context, url string) error {
	program := []string{"xdg-open"}
	switch runtime.GOOS {
	case "darwin":
		program = []string{"open"}
	case "windows":
		program = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	// The browser may outlive the command.
	browser := exec.CommandContext(context.WithoutCancel(ctx), program[0], append(program[1:], url)...) //nolint:gosec // a fixed program, and an address of this machine
	if err := browser.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", program[0], err)
	}
	go func() { _ = browser.Wait() }()
	return nil
}
