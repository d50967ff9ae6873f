// Command controllers builds kube-controller-manager where it is missing, and prints
// where it is. Where it is to be skipped it says so, and prints nothing on its standard
// output.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

func main() {
	os.Exit(run())
}

func run() int {
	if why := clusters.ControllersSkipped(); why != "" {
		fmt.Fprintln(os.Stderr, why)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	program, err := clusters.ControllerManager(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(program)
	return 0
}
