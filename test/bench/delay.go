package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/apis/v1alpha1"
	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/scm/github"
)

// warmUp is how many changes come before those that are measured.
const warmUp = 20

// measureDelay measures how long after a change of a spec the request arrives at the SCM,
// with an idle hub and with the floor, a change here and a change there.
func measureDelay(ctx context.Context, w *world, s settings) error {
	if err := w.prepare(ctx, 2); err != nil {
		return err
	}
	arrived := make(chan time.Time, 1)
	w.scm.Inject(github.Fault{Times: -1, Match: func(r *http.Request) bool {
		if r.Method != http.MethodGet && filepath.Base(r.URL.Path) != "access_tokens" {
			arrived <- time.Now()
		}
		return false
	}})
	atFloor := make(chan time.Time, 1)
	floor := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { atFloor <- time.Now() }))
	defer floor.Close()
	end, err := w.startFloor(ctx, floor.URL)
	if err != nil {
		return err
	}
	defer end()
	if err := w.join(ctx, 1); err != nil {
		return err
	}
	if err := w.startHub(); err != nil {
		return err
	}
	// The floor has the second member, on another API server, for itself.
	ours, theirs := w.status(0, "delay"), w.status(1, "delay")
	var hub, bare []time.Duration
	for n := range s.changes + warmUp {
		a, err := change(ctx, w.server(0), ours, n, arrived)
		if err != nil {
			return fmt.Errorf("the hub: %w", err)
		}
		b, err := change(ctx, w.server(1), theirs, n, atFloor)
		if err != nil {
			return fmt.Errorf("the floor: %w", err)
		}
		if n >= warmUp {
			hub, bare = append(hub, a), append(bare, b)
		}
	}
	for _, q := range []float64{0.5, 0.99} {
		a, b := quantile(hub, q), quantile(bare, q)
		row(fmt.Sprintf("change → request at the SCM, p%.0f of %d", 100*q, len(hub)), "%.2f× a bare informer (%s, %s)",
			ratio(a, b), a.Round(10*time.Microsecond), b.Round(10*time.Microsecond))
	}
	return nil
}

// status is a CommitStatus of a member, on a commit of its own.
func (w *world) status(member int, name string) *v1alpha1.CommitStatus {
	return &v1alpha1.CommitStatus{ObjectMeta: in(memberName(member), name), Spec: v1alpha1.CommitStatusSpec{
		GitRepoRef: v1alpha1.ObjectReference{Name: "shop"}, SHA: w.sha("acme/shop", member), Name: name,
		Phase: v1alpha1.PhaseSuccess, Description: "Hydrated 12 apps", URL: "https://ci.example.com/run/42",
	}}
}

// change makes a change of an object, creating it first, and returns after how long it
// arrived.
func change(ctx context.Context, c *clusters.Cluster, object *v1alpha1.CommitStatus, n int, arrived <-chan time.Time) (time.Duration, error) {
	begin := time.Now()
	var err error
	if n == 0 {
		err = c.Client.Create(ctx, object.DeepCopy())
	} else {
		phase := []v1alpha1.Phase{v1alpha1.PhaseSuccess, v1alpha1.PhaseFailure}[n%2]
		patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"phase":"`+string(phase)+`"}}`))
		err = c.Client.Patch(ctx, object.DeepCopy(), patch)
	}
	if err != nil {
		return 0, fmt.Errorf("changing the object: %w", err)
	}
	select {
	case at := <-arrived:
		return at.Sub(begin), nil
	case <-time.After(time.Minute):
		return 0, fmt.Errorf("change %d did not arrive within a minute", n)
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// startFloor starts the bare informer on the second member.
func (w *world) startFloor(ctx context.Context, url string) (end func(), err error) {
	dir := filepath.Dir(w.program)
	program := filepath.Join(dir, "floor")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./test/bench/floor").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the floor: %w\n%s", err, output)
	}
	kubeconfig := filepath.Join(dir, "floor.kubeconfig")
	if err := os.WriteFile(kubeconfig, w.server(1).Kubeconfig(), 0o600); err != nil {
		return nil, fmt.Errorf("writing the floor's kubeconfig: %w", err)
	}
	command := exec.Command(program, "-kubeconfig", kubeconfig, "-namespace", memberName(1), "-url", url)
	command.Stderr = os.Stderr
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the floor: %w", err)
	}
	return func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	}, nil
}
