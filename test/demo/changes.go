package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// pace is the time between two changes.
const pace = 4 * time.Second

// keepChanging lets the three clusters report on one commit after another, until
// ctx ends.
func (w *world) keepChanging(ctx context.Context) error {
	fmt.Printf("\n\nFrom here on, the three clusters report on new commits, %s a step. Ctrl-C ends it.\n\n", pace)
	ticker := time.NewTicker(pace)
	defer ticker.Stop()
	sha, apps := "", 0
	for i := 0; ; i++ {
		phase := []v1alpha1.Phase{v1alpha1.PhaseQueued, v1alpha1.PhaseInProgress, v1alpha1.PhaseSuccess}[i%3]
		if phase == v1alpha1.PhaseQueued {
			sha, apps = newSHA(), 10+i%7
			w.github.AddCommit(repository, sha)
			w.gitlab.AddCommit(handbook, sha, "main")
		} else if phase == v1alpha1.PhaseSuccess && i%4 == 0 {
			phase = v1alpha1.PhaseFailure
		}
		if err := w.change(ctx, sha, phase, fmt.Sprintf("%d apps: %s", apps, phase)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
	}
}

// change brings one change to all clusters and prints what became of it.
func (w *world) change(ctx context.Context, sha string, phase v1alpha1.Phase, description string) error {
	since, begun := w.mark(), time.Now()
	patch := fmt.Sprintf(`{"spec":{"sha":%q,"phase":%q,"description":%q}}`, sha, phase, description)
	names := []string{"shop-main", "handbook-main"}
	for _, m := range w.all() {
		for _, name := range names {
			if err := m.patch(ctx, name, patch); err != nil {
				return err
			}
		}
	}
	for _, name := range names {
		if err := w.untilSynced(ctx, name, w.all()...); err != nil {
			return err
		}
	}
	runs, statuses := w.github.CheckRuns(repository, sha), w.gitlab.Statuses(handbook, sha)
	run, status := runs[len(runs)-1], statuses[len(statuses)-1]
	fmt.Printf("%s  3 clusters: %-11s  %s on GitHub: %-11s  on GitLab: %-7s  %4d ms  calls: %s; %s\n", begun.Format(time.TimeOnly),
		phase, sha[:7], cmp.Or(run.Conclusion, run.Status), status.State, time.Since(begun).Milliseconds(),
		w.callsToGitHub(since), w.callsToGitLab(since))
	return nil
}

func newSHA() string {
	sum := make([]byte, 20)
	_, _ = rand.Read(sum)
	return hex.EncodeToString(sum)
}
