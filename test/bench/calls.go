package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

const (
	// patchesMetric counts status patches, and pausedMetric is until when, in seconds, an
	// SCM is left alone.
	patchesMetric, pausedMetric = "commit_status_hub_status_patches_total", "commit_status_hub_bucket_paused_until_seconds"
	// checkRuns is in the path of each request about check runs.
	checkRuns = "/check-runs"
)

const (
	// claimants is how many members claim one key.
	claimants = 50
	// counted is how many keys are changed, each on its own.
	counted = 100
	// ownerTold is how long claimants are given to be told of the last change of the owner:
	// what they were not told of, the next hub tells them.
	ownerTold = 10 * time.Second
)

// measureCalls counts what is called and patched.
func measureCalls(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, claimants); err != nil {
		return err
	}
	if err := w.join(ctx, claimants); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	if err := w.rest(ctx, takeOver); err != nil {
		return err
	}
	if err := w.crowd(ctx, claimants, 0, counted); err != nil {
		return err
	}
	if err := w.patched(ctx, counted); err != nil {
		return err
	}
	before := w.scmCalls()
	if err := inParallel(ctx, 0, counted, func(ctx context.Context, i int) error { return w.fail(ctx, w.crowded(claimants, i), i%claimants) }); err != nil {
		return err
	}
	if err := w.patched(ctx, 2*counted); err != nil {
		return err
	}
	row("SCM calls for a changed key", "%.2f", float64(w.scmCalls()-before)/counted)
	row("status patches for a claim and change", "%.2f", w.patches(ctx)/(2*counted))

	before = w.scmCalls()
	if err := inParallel(ctx, 0, claimants, func(ctx context.Context, m int) error {
		shared := w.status(m, "shared")
		shared.Spec.SHA = w.sha("acme/shop", 5000)
		return w.server(m).Client.Create(ctx, shared)
	}); err != nil {
		return err
	}
	if err := w.patched(ctx, 2*counted+claimants); err != nil {
		return err
	}
	row(fmt.Sprintf("SCM calls for a key that %d members claim", claimants), "%d", w.scmCalls()-before)
	return countRestart(ctx, w, s)
}

// countRestart counts what a hub that is started anew calls and patches, with all in sync.
func countRestart(ctx context.Context, w *world, s settings) error {
	if err := w.rest(ctx, ownerTold); err != nil {
		return err
	}
	before := w.scmCalls()
	w.stopHub()
	if err := w.startHub(); err != nil {
		return err
	}
	if err := w.hub.reaches(ctx, claimants, "commit_status_hub_cluster_connected"); err != nil {
		return err
	}
	if err := w.rest(ctx, s.quiet); err != nil {
		return err
	}
	row(fmt.Sprintf("SCM calls of a restart with %d claims in sync, and of %s after it", counted+claimants, s.quiet), "%d", w.scmCalls()-before)
	row("status patches in that time", "%.0f", w.patches(ctx))
	return nil
}

// scmCalls counts requests other than for tokens and identities.
func (w *world) scmCalls() int {
	return len(w.scm.Those(func(c *github.Call) bool { return strings.Contains(c.Path, checkRuns) }))
}

// fail has a CommitStatus tell a failure.
func (w *world) fail(ctx context.Context, cs *v1alpha1.CommitStatus, member int) error {
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"phase":"failure"}}`))
	return w.server(member).Client.Patch(ctx, cs, patch)
}

// patches is how many status patches the hub has made.
func (w *world) patches(ctx context.Context) float64 {
	n, err := w.hub.metric(ctx, patchesMetric)
	if err != nil {
		return -1
	}
	return n
}

// patched waits for that many status patches.
func (w *world) patched(ctx context.Context, n int) error {
	return w.hub.reaches(ctx, float64(n), patchesMetric, `result="ok"`)
}
