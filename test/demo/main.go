// Command demo shows a hub at work on this machine: three real control planes,
// a strict fake GitHub and GitLab, and the real commit-status-hub between them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
)

// onceTimeout bounds a run with --once, from when everything is built.
const onceTimeout = 5 * time.Minute

func main() {
	os.Exit(run())
}

func run() int {
	var mode mode
	flag.BoolVar(&mode.once, "once", false, "end after the steps, with exit status 0 only if all is as it should be")
	flag.BoolVar(&mode.fleet, "fleet", false, "leave something wrong in each way after the steps, for the fleet page to show, and wait for Ctrl-C")
	flag.Parse()
	// What the libraries have to log is not what the demo is about.
	ctrl.SetLogger(logr.Discard())
	rest.SetDefaultWarningHandler(rest.NoWarnings{})

	// Signals stay caught until all that was started has ended, so that an
	// impatient second Ctrl-C leaves nothing behind.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	err := demo(ctx, mode)
	switch {
	case err == nil:
		return 0
	case ctx.Err() != nil && !mode.once:
		fmt.Println("\nStopped: the hub and the control planes have ended.")
		return 0
	case ctx.Err() != nil:
		err = errors.New("interrupted")
	}
	fmt.Fprintf(os.Stderr, "\ndemo: %v\n", err)
	return 1
}

// mode is what comes after the steps. By default changes go on.
type mode struct{ once, fleet bool }

func demo(ctx context.Context, mode mode) (err error) {
	programs, err := build(ctx)
	if err != nil {
		return err
	}
	interrupted := ctx.Done()
	defer func() { err = errors.Join(err, programs.remove(err == nil || isDone(interrupted))) }()
	if mode.once {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, onceTimeout, fmt.Errorf("not done after %s", onceTimeout))
		defer cancel()
	}
	w, err := newWorld(ctx, programs)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.stop()) }()
	if err := w.walk(ctx); err != nil {
		return err
	}
	switch {
	case mode.once:
		return w.verify(ctx)
	case mode.fleet:
		return w.showFleet(ctx)
	}
	return w.keepChanging(ctx)
}

func isDone(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}
