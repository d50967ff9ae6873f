// Command build builds Gitea where it is missing, and prints where it is. Where Gitea is
// to be skipped it says so, and prints nothing on its standard output.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"

	"github.com/argoproj-labs/commit-status-hub/test/gitea"
)

func main() {
	os.Exit(run())
}

func run() int {
	if why := gitea.Skipped(); why != "" {
		fmt.Fprintln(os.Stderr, why)
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	binary, err := gitea.Build(ctx, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Println(binary)
	return 0
}
