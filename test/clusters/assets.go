package clusters

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/buildlock"
)

// kit is what is installed at once: downloaded, or built from the module test/controlplane.
type kit struct {
	// folder is where in the cache, and what is it in words.
	folder, what string
	// packages have the name of the program that is built of each.
	packages map[string]string
	// published reports whether Kubernetes publishes the programs for tests.
	published bool
}

var (
	controlPlane = kit{
		folder: "controlplane", what: "kube-apiserver and etcd", published: true,
		packages: map[string]string{
			"k8s.io/kubernetes/cmd/kube-apiserver": "kube-apiserver",
			"go.etcd.io/etcd/server/v3":            "etcd",
		},
	}
	controllers = kit{
		folder: "controllers", what: "kube-controller-manager",
		packages: map[string]string{"k8s.io/kubernetes/cmd/kube-controller-manager": "kube-controller-manager"},
	}
)

// Assets returns the folder that holds kube-apiserver and etcd.
//
// That is $KUBEBUILDER_ASSETS where it is set. Else both are installed into the user's
// cache folder, once for each state of the module test/controlplane and of the Go
// toolchain: those that Kubernetes publishes for tests are downloaded (see testbinaries),
// and where that is not possible, both are built from that module, which takes minutes.
// One line written to progress says which way was taken, and why. Processes that ask at
// the same time wait for the one that installs.
func Assets(ctx context.Context, progress io.Writer) (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir, nil
	}
	return controlPlane.installed(ctx, progress)
}

// installed returns the folder that holds the kit's programs.
func (k kit) installed(ctx context.Context, progress io.Writer) (string, error) {
	module, err := modulePath("test", "controlplane")
	if err != nil {
		return "", err
	}
	return k.installedOf(ctx, module, progress)
}

// installedOf is installed for the module at a path.
func (k kit) installedOf(ctx context.Context, module string, progress io.Writer) (string, error) {
	dir, err := k.dir(ctx, module)
	if err != nil {
		return "", err
	}
	if k.complete(dir) {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := buildlock.Acquire(ctx, dir+".lock")
	if err != nil {
		return "", err
	}
	defer unlock()
	if k.complete(dir) {
		return dir, nil // another process installed it while we waited
	}
	if err := k.install(ctx, module, dir, progress); err != nil {
		return "", fmt.Errorf("installing %s: %w", k.what, err)
	}
	return dir, nil
}

// dir names the folder for what module builds with this toolchain.
func (k kit) dir(ctx context.Context, module string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(module, name))
		if err != nil {
			return "", fmt.Errorf("reading the control plane's module: %w", err)
		}
		hash.Write(content)
	}
	toolchain, err := goCommand(ctx, module, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	fmt.Fprintln(hash, toolchain, runtime.GOOS, runtime.GOARCH)
	return filepath.Join(cache, "commit-status-hub", k.folder, hex.EncodeToString(hash.Sum(nil))[:16]), nil
}

func goCommand(ctx context.Context, dir string, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir, command.Env = dir, buildEnvironment()
	var stderr bytes.Buffer
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// buildEnvironment keeps the settings of whoever runs the tests, a workspace
// or the race detector, out of the build.
func buildEnvironment() []string {
	return append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=0")
}

func (k kit) complete(dir string) bool {
	for _, program := range k.packages {
		if _, err := os.Stat(filepath.Join(dir, program)); err != nil {
			return false
		}
	}
	return true
}

// modulePath joins elements to the folder of the project's main module.
func modulePath(elements ...string) (string, error) {
	_, file, _, ok := runtime.Caller(0)
	dir := filepath.Dir(file)
	if !ok || !filepath.IsAbs(dir) { // built with -trimpath
		var err error
		if dir, err = os.Getwd(); err != nil {
			return "", err
		}
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "deploy", "crds")); err == nil {
			return filepath.Join(append([]string{dir}, elements...)...), nil
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return "", errors.New("the project's folder was not found: run from inside it")
		}
		dir = parent
	}
}
