package main

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// pageSize is how many objects a bare list asks for at once, as client-go's pager does.
const pageSize = 500

// restart measures how long a hub takes, with all objects in sync, from its start to the
// write of the first change, against a bare list of the same objects.
func (w *world) restart(ctx context.Context, s settings, n int) error {
	w.stopHub()
	// The first list is slower than all that follow.
	if _, err := w.bareList(ctx, s.members); err != nil {
		return err
	}
	floor, err := w.bareList(ctx, s.members)
	if err != nil {
		return err
	}
	arrived := make(chan time.Time, 1)
	var once sync.Once
	w.scm.Inject(github.Fault{Times: -1, Match: func(r *http.Request) bool {
		if r.Method == http.MethodPatch {
			once.Do(func() { arrived <- time.Now() })
		}
		return false
	}})
	calls := w.scmCalls()
	begin := time.Now()
	if err := w.fail(ctx, w.crowded(s.members, 0), 0); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	profiled := w.hub.profileStart(ctx, s.profiles, n)
	var took time.Duration
	select {
	case at := <-arrived:
		took = at.Sub(begin)
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(5 * time.Minute):
		return fmt.Errorf("nothing was written within 5 minutes of a restart")
	}
	if err := w.patched(ctx, 1); err != nil {
		return err
	}
	if err := profiled(); err != nil {
		return err
	}
	row(fmt.Sprintf("restart with %d in sync, until the first change is written", n), "%.2f× a bare list of them (%s, %s)",
		ratio(took, floor), took.Round(time.Millisecond), floor.Round(time.Millisecond))
	row("SCM calls of that restart, the change's look-up and write among them", "%d", w.scmCalls()-calls)
	return nil
}

// bareList lists all CommitStatuses, all members at once, by pages.
func (w *world) bareList(ctx context.Context, members int) (time.Duration, error) {
	begin := time.Now()
	err := inParallel(ctx, 0, members, func(ctx context.Context, m int) error {
		list := &v1alpha1.CommitStatusList{}
		for {
			if err := w.server(m).Client.List(ctx, list, client.InNamespace(memberName(m)), client.Limit(pageSize), client.Continue(list.Continue)); err != nil {
				return err
			}
			if list.Continue == "" {
				return nil
			}
		}
	})
	return time.Since(begin), err
}

// clear ends the hub, and deletes the members' Secrets and CommitStatuses. Their namespaces
// are used again.
func (w *world) clear(ctx context.Context, members int) error {
	w.stopHub()
	if err := w.hubCluster.Client.DeleteAllOf(ctx, &corev1.Secret{}, client.InNamespace(namespace), client.HasLabels{kubeconfigs.MemberLabel}); err != nil {
		return fmt.Errorf("deleting the members' Secrets: %w", err)
	}
	return inParallel(ctx, 0, members, func(ctx context.Context, m int) error {
		c, at := w.server(m).Client, client.InNamespace(memberName(m))
		return c.DeleteAllOf(ctx, &v1alpha1.CommitStatus{}, at)
	})
}
