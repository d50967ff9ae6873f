// Command assets prints the folder with kube-apiserver and etcd, which it
// builds where they are missing.
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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	dir, err := clusters.Assets(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(dir)
	return 0
}
