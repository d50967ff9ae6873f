package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/argoproj-labs/commit-status-hub/kubeconfigs"
)

// cluster runs the hub's own command for members, as a user does, and shows it.
func (w *world) cluster(ctx context.Context, args ...string) error {
	typed("commit-status-hub cluster %s --hub-context hub", strings.Join(args, " "))
	args = append([]string{"cluster", "--kubeconfig=" + w.kubeconfig(), "--hub-context=hub"}, args...)
	output, err := exec.CommandContext(ctx, w.programs.hub, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("commit-status-hub %s: %w: %s", strings.Join(args, " "), err, output)
	}
	indented(string(output))
	return nil
}

// connected waits until the hub has said that it watches a cluster.
func (w *world) connected(ctx context.Context, m *member) error {
	return w.until(ctx, m.name+" is connected", func(ctx context.Context) (bool, string, error) {
		secret := &corev1.Secret{}
		if err := w.hubCluster.Client.Get(ctx, client.ObjectKey{Namespace: namespace, Name: m.name}, secret); err != nil {
			return false, "", err
		}
		health := secret.Annotations[kubeconfigs.HealthKey]
		return strings.Contains(health, string(kubeconfigs.Connected)), health, nil
	})
}
