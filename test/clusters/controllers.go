package clusters

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// SkipControllers is the environment variable that leaves kube-controller-manager out
// where it is "1": building it takes minutes. Where CI is set, it is not obeyed.
const SkipControllers = "COMMIT_STATUS_HUB_SKIP_CONTROLLERS"

// ControllersSkipped says that kube-controller-manager is left out, and why; "" where
// it is not.
func ControllersSkipped() string {
	ci := os.Getenv("CI")
	if os.Getenv(SkipControllers) != "1" || ci != "" && ci != "false" {
		return ""
	}
	return "SKIPPED (" + SkipControllers + "=1): nothing is tried with a real kube-controller-manager"
}

// ControllerManager returns the path of kube-controller-manager. It is installed as Assets
// installs the control plane, which does not wait for it, but always built: Kubernetes
// publishes none for tests.
func ControllerManager(ctx context.Context, progress io.Writer) (string, error) {
	dir, err := controllers.installed(ctx, progress)
	return filepath.Join(dir, "kube-controller-manager"), err
}

// StartTokenController runs kube-controller-manager with the controller that fills
// Secrets with tokens of ServiceAccounts, and no other. It listens nowhere. What it logs
// goes to log. The caller stops it before the cluster.
func (c *Cluster) StartTokenController(ctx context.Context, log io.Writer) (stop func() error, err error) {
	program, err := ControllerManager(ctx, log)
	if err != nil {
		return nil, err
	}
	certificates := c.environment.ControlPlane.GetAPIServer().CertDir
	kubeconfig := filepath.Join(certificates, "controllers.kubeconfig")
	if err := os.WriteFile(kubeconfig, c.AdminKubeconfig(), 0o600); err != nil {
		return nil, fmt.Errorf("writing the controllers' kubeconfig: %w", err)
	}
	command := exec.Command(program, "--kubeconfig", kubeconfig,
		"--controllers=serviceaccount-token-controller",
		// What the API server made to sign and verify tokens with.
		"--service-account-private-key-file", filepath.Join(certificates, "sa-signer.key"),
		"--leader-elect=false", "--secure-port=0")
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting kube-controller-manager: %w", err)
	}
	return func() error {
		if err := command.Process.Kill(); err != nil {
			return fmt.Errorf("stopping kube-controller-manager: %w", err)
		}
		var killed *exec.ExitError
		if err := command.Wait(); err != nil && !errors.As(err, &killed) {
			return fmt.Errorf("stopping kube-controller-manager: %w", err)
		}
		return nil
	}, nil
}
