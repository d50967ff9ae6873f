package clusters

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/clusters/testbinaries"
)

// install fills dir, which appears only once it is complete.
func (k kit) install(ctx context.Context, module, dir string, progress io.Writer) error {
	version, err := goCommand(ctx, module, "list", "-m", "-f", "{{.Version}}", "k8s.io/kubernetes")
	if err != nil {
		return err
	}
	// The lock is ours, so what is there was left behind by a process that was killed.
	temporary := dir + ".building"
	defer func() { _ = os.RemoveAll(temporary) }()
	if err := cleared(temporary); err != nil {
		return err
	}
	why := "Kubernetes publishes none for tests"
	if k.published {
		why, err = k.download(ctx, version, temporary, dir, progress)
		if err != nil {
			return err
		}
	}
	if why != "" {
		_, _ = fmt.Fprintf(progress, "building %s %s into %s, which takes some minutes, once: %s\n", k.what, version, dir, why)
		if err := k.build(ctx, module, version, temporary, progress); err != nil {
			return err
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clearing the folder: %w", err)
	}
	if err := os.Rename(temporary, dir); err != nil {
		return err
	}
	if why != "" {
		_, _ = fmt.Fprintln(progress, "built", k.what)
	}
	return nil
}

// download fills temporary, which will become dir, with what Kubernetes publishes, and
// returns why it could not. The error is for what building does not help against.
func (k kit) download(ctx context.Context, version, temporary, dir string, progress io.Writer) (why string, err error) {
	source, allowed := testbinaries.FromEnvironment()
	if !allowed {
		return testbinaries.SkipVariable + "=1", nil
	}
	release, address, err := source.Install(ctx, version, temporary, slices.Sorted(maps.Values(k.packages)))
	if ctx.Err() != nil {
		return "", ctx.Err()
	}
	if err != nil {
		return err.Error(), cleared(temporary)
	}
	_, _ = fmt.Fprintf(progress, "downloaded %s %s into %s, checksum verified, from %s\n", k.what, release, dir, address)
	return "", nil
}

// build fills a folder with what it compiles.
func (k kit) build(ctx context.Context, module, version, dir string, progress io.Writer) error {
	for source, program := range k.packages {
		command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", linkerFlags(version),
			"-o", filepath.Join(dir, program), source)
		command.Dir, command.Env = module, buildEnvironment()
		command.Stdout, command.Stderr = progress, progress
		if err := command.Run(); err != nil {
			return fmt.Errorf("go build: %w", err)
		}
	}
	return nil
}

// cleared makes an empty folder, in place of whatever is there.
func cleared(dir string) error {
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clearing the folder: %w", err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return fmt.Errorf("making a folder to install into: %w", err)
	}
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
