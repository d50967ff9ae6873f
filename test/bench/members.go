package main

import (
	"context"
	"fmt"
	"time"
)

// measureMembers measures what idle members cost.
func measureMembers(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, s.idle); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	memory, goroutines, err := w.atRest(ctx)
	if err != nil {
		return err
	}
	if err := w.join(ctx, s.idle); err != nil {
		return err
	}
	if err := w.hub.reaches(ctx, float64(s.idle), "commit_status_hub_cluster_connected"); err != nil {
		return err
	}
	withMembers, running, err := w.atRest(ctx)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("memory and goroutines for each of %d idle members", s.idle), "%.0f KiB, %.1f",
		(withMembers-memory)/float64(s.idle)/1024, (running-goroutines)/float64(s.idle))
	return w.hub.profile(ctx, s.profiles, "members.heap", "heap")
}

// atRest is a hub's memory and how many goroutines it has, after a while.
func (w *world) atRest(ctx context.Context) (memory, goroutines float64, err error) {
	if err := w.rest(ctx, time.Minute); err != nil {
		return 0, 0, err
	}
	if memory, err = w.hub.rss(); err != nil {
		return 0, 0, err
	}
	goroutines, err = w.hub.metric(ctx, "go_goroutines")
	return memory, goroutines, err
}
