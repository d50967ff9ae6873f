package main

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
)

// atOnce is how many requests a floor, and what prepares a measurement, make at once: as
// many as the hub has workers for one SCM.
const atOnce = 128

// crowd creates n CommitStatuses, from the first number on, spread over members.
func (w *world) crowd(ctx context.Context, members, first, n int) error {
	return inParallel(ctx, first, n, func(ctx context.Context, i int) error {
		return w.server(i%members).Client.Create(ctx, w.crowded(members, i))
	})
}

// crowded is the i-th CommitStatus of a crowd. Its description has 299 bytes, and no other
// has it.
func (w *world) crowded(members, i int) *v1alpha1.CommitStatus {
	name := fmt.Sprintf("status-%d", i)
	return &v1alpha1.CommitStatus{ObjectMeta: in(memberName(i%members), name), Spec: v1alpha1.CommitStatusSpec{
		GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, SHA: w.sha("acme/shop", 1000+i/perCommit), Name: name,
		Phase: v1alpha1.PhaseSuccess, Description: fmt.Sprintf("%07d ", i) + strings.Repeat("hydrated ", 32) + "ok.",
		URL: fmt.Sprintf("https://ci.example.com/run/%d", i),
	}}
}

func inParallel(ctx context.Context, first, n int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for i := first; i < first+n; i++ {
		group.Go(func() error { return do(ctx, i) })
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("with %d objects: %w", n, err)
	}
	return nil
}
