package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

// startHub builds the hub and runs its replicas until the world is closed.
func (w *world) startHub(ctx context.Context) error {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("finding the project: %w", err)
	}
	w.fleet.program = filepath.Join(w.dir, "commit-status-hub")
	build := exec.CommandContext(ctx, "go", "build", "-o", w.fleet.program, "./cmd/commit-status-hub")
	build.Dir = filepath.Dir(strings.TrimSpace(string(module)))
	if output, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("building the hub: %w\n%s", err, output)
	}
	if err := w.addReplicas(ctx); err != nil {
		return err
	}
	watching, err := client.NewWithWatch(w.hub.Config, client.Options{Scheme: clusters.Scheme()})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	w.leases = newLeases(watching, namespace)
	running, quit := context.WithCancel(context.WithoutCancel(ctx))
	w.quit = quit
	w.beside.Go(func() { w.leases.run(running) })
	w.beside.Go(func() { w.census.run(running, w.members) })
	for _, r := range w.fleet.list() {
		w.beside.Go(func() {
			if err := w.fleet.run(running, r); err != nil {
				w.fail(err)
			}
		})
	}
	return nil
}

// addReplicas makes the replicas' access to the hub's API server, each through a gate of
// its own.
func (w *world) addReplicas(ctx context.Context) error {
	if _, err := w.hub.HubAccount(ctx, namespace); err != nil {
		return err
	}
	token, err := tokenOf(ctx, w.hub, nil)
	if err != nil {
		return err
	}
	server, _, err := rest.DefaultServerUrlFor(w.hub.Config)
	if err != nil {
		return fmt.Errorf("finding the hub: %w", err)
	}
	for n := range replicas {
		gate, err := faults.NewGate(server.Host, nil)
		if err != nil {
			return err
		}
		w.fleet.add(&replica{number: n, gate: gate})
		access, err := kubeconfig("https://"+gate.Address(), w.hub.Config.CAData, token)
		if err != nil {
			return fmt.Errorf("writing a kubeconfig: %w", err)
		}
		if err := os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("kubeconfig-%d", n)), access, 0o600); err != nil {
			return fmt.Errorf("writing a kubeconfig: %w", err)
		}
	}
	return nil
}

// tokenOf has a token made for the hub's account in a cluster, good for longer than a run
// takes, and as long as what it is bound to is there, if anything.
func tokenOf(ctx context.Context, c *clusters.Cluster, bound *authenticationv1.BoundObjectReference) (string, error) {
	account := &corev1.ServiceAccount{ObjectMeta: in(namespace, "commit-status-hub")}
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{
		ExpirationSeconds: new(int64(tokenLife.Seconds())), BoundObjectRef: bound,
	}}
	if err := c.Client.SubResource("token").Create(ctx, account, request); err != nil {
		return "", fmt.Errorf("requesting a token: %w", err)
	}
	return request.Status.Token, nil
}
