package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	// soaked is how many CommitStatuses there are at each time.
	soaked = 400
	// changeEvery is the time from one change to the next: each object has one after soaked
	// of them, when the last has long been written.
	changeEvery = 125 * time.Millisecond
	// sampleEvery is the time from one look at the hub to the next.
	sampleEvery = 10 * time.Second
	// mostGrowth is how much more than at its begin, as a part of the mean, anything may
	// be at the end of the second half.
	mostGrowth = 0.02
	// toSettle is how long what was changed last may take.
	toSettle = 2 * time.Minute
)

// measureSoak has a hub work steadily, and measures whether it grows.
func measureSoak(ctx context.Context, w *world, s settings) error {
	c := &churn{world: w, members: s.members}
	if err := c.begin(ctx); err != nil {
		return err
	}
	calls := w.scmCalls()
	var samples []sample
	during, end := context.WithTimeout(ctx, time.Duration(s.minutes)*time.Minute)
	defer end()
	group, during := errgroup.WithContext(during)
	group.Go(func() error {
		return each(during, changeEvery, func() error { return c.step(ctx) })
	})
	group.Go(func() error {
		begin := time.Now()
		return each(during, sampleEvery, func() error {
			one, err := w.sample(ctx, time.Since(begin))
			samples = append(samples, one)
			return err
		})
	})
	if err := errors.Join(group.Wait(), ctx.Err()); err != nil {
		return err
	}
	if err := c.settle(ctx); err != nil {
		return err
	}
	if err := w.hub.profile(ctx, s.profiles, "soak.heap", "heap"); err != nil {
		return err
	}
	calls = w.scmCalls() - calls
	early, late := w.answerTimes()
	row(fmt.Sprintf("changes in %d min of %d CommitStatuses in %d members", s.minutes, soaked, s.members),
		"%d: %d phases, %d commits, %d new and as many deleted", c.changes(), c.phases, c.moves, c.born)
	row("SCM calls for a change, all statuses synced in the end", "%.2f", float64(calls)/float64(c.changes()))
	row("answers of the fake SCM, the first and the last tenth", "%s, %s", early.Round(10*time.Microsecond), late.Round(10*time.Microsecond))
	err := judge(samples[len(samples)/2:])
	if calls != c.changes() {
		err = errors.Join(err, fmt.Errorf("%d changes made %d SCM calls", c.changes(), calls))
	}
	return err
}

// each does something again and again until ctx ends.
func each(ctx context.Context, every time.Duration, do func() error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}

// sample is what a hub takes at a time since the begin.
type sample struct {
	at time.Duration
	// rss is in bytes.
	rss, goroutines, files float64
}

func (w *world) sample(ctx context.Context, at time.Duration) (s sample, err error) {
	s.at = at
	select {
	case <-w.hub.ended:
		return s, fmt.Errorf("the hub has ended: %s", w.hub.command.ProcessState)
	default:
	}
	if s.rss, err = w.hub.rss(); err != nil {
		return s, err
	}
	if s.goroutines, err = w.hub.metric(ctx, "go_goroutines"); err != nil {
		return s, err
	}
	files, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", w.hub.command.Process.Pid))
	if err != nil {
		return s, fmt.Errorf("counting the hub's open files: %w", err)
	}
	s.files = float64(len(files))
	return s, nil
}

// judge tells how much there was of each, and fails if any has grown too much.
func judge(samples []sample) (failed error) {
	for _, f := range []struct {
		name, format string
		unit         float64
		of           func(sample) float64
	}{
		{"memory", "%.1f MiB", 1 << 20, func(s sample) float64 { return s.rss }},
		{"goroutines", "%.0f", 1, func(s sample) float64 { return s.goroutines }},
		{"open files", "%.0f", 1, func(s sample) float64 { return s.files }},
	} {
		mean, grown := growth(samples, f.of)
		row(f.name+", mean of the second half, and growth in it", f.format+", %+.2f %%", mean/f.unit, 100*grown)
		if !(grown < mostGrowth) {
			failed = errors.Join(failed, fmt.Errorf("%s: grown by %.2f %%, and %.0f %% is the most", f.name, 100*grown, 100*mostGrowth))
		}
	}
	return failed
}

// growth returns the mean of a value, and by how much it grew from the first sample to the
// last, as a part of the mean: along the straight line that has the least squares. It is not
// a number where there are not two different times.
func growth(samples []sample, of func(sample) float64) (mean, grown float64) {
	n := float64(len(samples))
	var at float64
	for _, s := range samples {
		at += s.at.Seconds() / n
		mean += of(s) / n
	}
	var covariance, variance float64
	for _, s := range samples {
		covariance += (s.at.Seconds() - at) * (of(s) - mean)
		variance += (s.at.Seconds() - at) * (s.at.Seconds() - at)
	}
	if variance == 0 {
		return mean, math.NaN()
	}
	span := samples[len(samples)-1].at - samples[0].at
	return mean, covariance / variance * span.Seconds() / mean
}

// answerTimes is the median time that the fake SCM took for its first answers, and for its
// last: a record that grows must not slow it down, or that would pass for the hub's doing.
func (w *world) answerTimes() (early, late time.Duration) {
	var took []time.Duration
	for _, c := range w.scm.Those(func(*github.Call) bool { return true }) {
		took = append(took, c.Answered.Sub(c.At))
	}
	tenth := max(1, len(took)/10)
	return quantile(took[:tenth], 0.5), quantile(took[len(took)-tenth:], 0.5)
}

// unsettled returns how many CommitStatuses are not told to be as they should.
func (w *world) unsettled(ctx context.Context, members int) (n int, err error) {
	for m := range members {
		var list v1alpha1.CommitStatusList
		if err := w.server(m).Client.List(ctx, &list, client.InNamespace(memberName(m))); err != nil {
			return 0, fmt.Errorf("listing CommitStatuses: %w", err)
		}
		for _, cs := range list.Items {
			is := cs.Status
			if !is.IsSynced || is.ObservedGeneration != cs.Generation || is.SHA != cs.Spec.SHA || is.Phase != cs.Spec.Phase {
				n++
			}
		}
	}
	return n, nil
}
