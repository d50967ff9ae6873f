package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// takeOver is how long after its start a hub looks up what it sees first: a minute after it
// has the lease, with some to spare. What is measured is a hub that has been there for longer.
const takeOver = 70 * time.Second

// held is how long the SCM wants to be left alone before a storm. Within it all is created,
// and told to wait.
const held = 3 * time.Minute

// measureStorm measures how long it takes until many new CommitStatuses are written and
// told, all of which may be written from one moment on.
func measureStorm(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, s.members); err != nil {
		return err
	}
	floor, err := w.bareStorm(ctx, s.members, s.storm)
	if err != nil {
		return err
	}
	took, err := w.storm(ctx, s)
	if err != nil {
		return err
	}
	row(fmt.Sprintf("%d new CommitStatuses in %d members, until all are told", s.storm, s.members), "%.2f× a bare loop (%s, %s)",
		ratio(took, floor), took.Round(time.Millisecond), floor.Round(time.Millisecond))
	return nil
}

// storm has the SCM refuse the first of the CommitStatuses, so that all wait until it may be
// asked again, and returns how long after that all are told.
func (w *world) storm(ctx context.Context, s settings) (took time.Duration, err error) {
	if err := w.join(ctx, s.members); err != nil {
		return 0, err
	}
	if err := w.startHub(); err != nil {
		return 0, err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return 0, err
	}
	w.scm.Inject(github.Fault{
		Status: http.StatusTooManyRequests, Header: http.Header{"Retry-After": {fmt.Sprint(int(held.Seconds()))}},
		Body: `{"message":"API rate limit exceeded"}`, Match: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.Contains(r.URL.Path, checkRuns)
		},
	})
	if err := w.crowd(ctx, s.members, 0, 1); err != nil {
		return 0, err
	}
	if err := w.hub.reaches(ctx, 1, pausedMetric); err != nil {
		return 0, err
	}
	paused, err := w.hub.metric(ctx, pausedMetric)
	if err != nil {
		return 0, err
	}
	begin := time.UnixMilli(int64(paused * 1000))
	if err := w.crowd(ctx, s.members, 1, s.storm-1); err != nil {
		return 0, err
	}
	if err := w.patched(ctx, s.storm); err != nil {
		return 0, err
	}
	if time.Until(begin) < 0 {
		return 0, fmt.Errorf("%d CommitStatuses were not all told to wait within %s", s.storm, held)
	}
	if err := w.rest(ctx, time.Until(begin)); err != nil {
		return 0, err
	}
	profiled := w.hub.profileWhile(ctx, s.profiles, "storm.cpu")
	if err := w.patched(ctx, 2*s.storm); err != nil {
		return 0, err
	}
	took = time.Since(begin)
	return took, profiled()
}
