// Command chaos injects faults into a hub at work and tells what held.
package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/chaos"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(1)
	}
}

func run() error {
	o := chaos.Options{Progress: os.Stderr}
	flag.Uint64Var(&o.Seed, "seed", 0, "what all choices come from; chosen by chance if 0")
	flag.IntVar(&o.Faults, "faults", 1100, "how many faults there are to be")
	flag.StringVar(&o.Dir, "dir", "", "folder for the hub's program and logs; a temporary one if empty, kept where a promise was broken")
	flag.DurationVar(&o.Rest, "rest", 2*time.Minute, "how long the hub is left alone before it is measured what it takes")
	flag.Parse()
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	temporary := o.Dir == ""
	if temporary {
		var err error
		if o.Dir, err = os.MkdirTemp("", "commit-status-chaos-"); err != nil {
			return fmt.Errorf("making a folder: %w", err)
		}
	}
	fmt.Fprintf(os.Stderr, "seed %d, logs in %s\n", o.Seed, o.Dir)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	report, err := chaos.Run(ctx, o)
	report.Markdown(os.Stdout)
	if err != nil {
		report.Failures(os.Stderr)
		return err
	}
	if len(report.Broken) > 0 {
		report.Failures(os.Stderr)
		return fmt.Errorf("seed %d: %d times a promise was broken; logs are in %s", o.Seed, len(report.Broken), o.Dir)
	}
	if temporary {
		return os.RemoveAll(o.Dir)
	}
	return nil
}
