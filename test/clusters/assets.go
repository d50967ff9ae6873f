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

// kit is what is built at once from the module test/controlplane.
type kit struct {
	// folder is where in the cache, and what is it in words.
	folder, what string
	// packages have the name of the program that is built of each.
	packages map[string]string
}

var (
	controlPlane = kit{
		folder: "controlplane", what: "kube-apiserver and etcd",
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
// That is $KUBEBUILDER_ASSETS where it is set. Else both are built from the
// module test/controlplane, once for each state of that module and of the Go
// toolchain, into the user's cache folder. The first build takes minutes, so
// what is being done is told to progress. Processes that ask at the same time
// wait for the one that builds.
func Assets(ctx context.Context, progress io.Writer) (string, error) {
	if dir := os.Getenv("KUBEBUILDER_ASSETS"); dir != "" {
		return dir, nil
	}
	return controlPlane.built(ctx, progress)
}

// built returns the folder that holds the kit's programs.
func (k kit) built(ctx context.Context, progress io.Writer) (string, error) {
	module, err := modulePath("test", "controlplane")
	if err != nil {
		return "", err
	}
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
		return dir, nil // another process built it while we waited
	}
	if err := k.build(ctx, module, dir, progress); err != nil {
		return "", fmt.Errorf("building %s: %w", k.what, err)
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

// build fills dir, which appears only once it is complete.
func (k kit) build(ctx context.Context, module, dir string, progress io.Writer) error {
	version, err := goCommand(ctx, module, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	fmt.Fprintf(progress, "building %s of Kubernetes %s into %s: once, this takes some minutes\n", k.what, version, dir)
	// The lock is ours, so what is there was left behind by a build that was
	// killed.
	temporary := dir + ".building"
	defer func() { _ = os.RemoveAll(temporary) }()
	for _, old := range []string{temporary, dir} {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("clearing the folder: %w", err)
		}
	}
	if err := os.Mkdir(temporary, 0o755); err != nil {
		return fmt.Errorf("making a folder to build in: %w", err)
	}
	for source, program := range k.packages {
		command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", linkerFlags(version),
			"-o", filepath.Join(temporary, program), source)
		command.Dir, command.Env = module, buildEnvironment()
		command.Stdout, command.Stderr = progress, progress
		if err := command.Run(); err != nil {
			return fmt.Errorf("go build: %w", err)
		}
	}
	if err := os.Rename(temporary, dir); err != nil {
		return err
	}
	fmt.Fprintln(progress, "built", k.what)
	return nil
}

// linkerFlags stamps the version in: without it kube-apiserver takes itself
// for v0.0.0 and refuses to start with its own defaults.
func linkerFlags(version string) string {
	const stamp = "k8s.io/component-base/version."
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	return fmt.Sprintf("-s -w -X %[1]sgitVersion=%[2]s -X %[1]sgitMajor=%[3]s -X %[1]sgitMinor=%[4]s", stamp, version, major, minor)
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
