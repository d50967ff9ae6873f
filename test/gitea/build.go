package gitea

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/argoproj-labs/commit-status-hub/test/buildlock"
)

const (
	giteaModule = "code.gitea.io/gitea"
	giteaBinary = "gitea"
	// giteaTags are for SQLite. Without bindata, templates and locales are read from
	// the module's folder.
	giteaTags = "sqlite sqlite_unlock_notify"
	// What a debugger needs is left out, and C is made less fast: with Go's own "-O2 -g"
	// it takes a sixth of the build's time.
	linkerFlags = "-s -w"
	cFlags      = "-O1"
)

// program is a Gitea that was built, and where its module's files are.
type program struct{ binary, module string }

// Build builds Gitea where it is missing, and returns the path of the program. What it
// does, if anything, is told to progress.
func Build(ctx context.Context, progress io.Writer) (binary string, err error) {
	p, err := built(ctx, progress)
	return p.binary, err
}

// built returns the program. It is built once for each state of the module that pins
// it and of the Go toolchain, into the user's cache folder. The first build takes
// minutes, so what is being done is told to progress. Processes that ask at the same
// time wait for the one that builds.
func built(ctx context.Context, progress io.Writer) (program, error) {
	pin, err := pinFolder()
	if err != nil {
		return program{}, err
	}
	dir, err := cacheFolder(ctx, pin)
	if err != nil {
		return program{}, err
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return program{}, fmt.Errorf("making the cache folder: %w", err)
	}
	unlock, err := buildlock.Acquire(ctx, dir+".lock")
	if err != nil {
		return program{}, err
	}
	defer unlock()
	// It also downloads the module, whose files are needed to run.
	module, err := goCommand(ctx, pin, progress, "mod", "download", "-json", giteaModule)
	if err != nil {
		return program{}, err
	}
	p := program{binary: filepath.Join(dir, giteaBinary), module: folderIn(module)}
	if p.module == "" {
		return program{}, fmt.Errorf("the module %s has no folder", giteaModule)
	}
	if _, err := os.Stat(p.binary); err == nil {
		return p, nil
	}
	if err := build(ctx, pin, dir, progress); err != nil {
		return program{}, fmt.Errorf("building Gitea: %w", err)
	}
	return p, nil
}

// folderIn is the folder that `go mod download -json` tells.
func folderIn(text string) string {
	var module struct{ Dir string }
	_ = json.Unmarshal([]byte(text), &module)
	return module.Dir
}

// build fills dir, which appears only once it is complete.
func build(ctx context.Context, pin, dir string, progress io.Writer) error {
	fmt.Fprintf(progress, "building Gitea into %s: once, this takes some minutes\n", dir)
	// The lock is ours, so what is there was left behind by a build that was killed.
	temporary := dir + ".building"
	defer func() { _ = os.RemoveAll(temporary) }()
	for _, old := range []string{temporary, dir} {
		if err := os.RemoveAll(old); err != nil {
			return fmt.Errorf("clearing the folder: %w", err)
		}
	}
	_, err := goCommand(ctx, pin, progress, "build", "-trimpath", "-tags", giteaTags, "-ldflags", linkerFlags,
		"-o", filepath.Join(temporary, giteaBinary), giteaModule)
	if err != nil {
		return err
	}
	if err := os.Rename(temporary, dir); err != nil {
		return err
	}
	fmt.Fprintln(progress, "built Gitea")
	return nil
}

// cacheFolder names the folder for what the pin builds with this toolchain.
func cacheFolder(ctx context.Context, pin string) (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("finding the cache folder: %w", err)
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(pin, name))
		if err != nil {
			return "", fmt.Errorf("reading the module that pins Gitea: %w", err)
		}
		hash.Write(content)
	}
	toolchain, err := goCommand(ctx, pin, io.Discard, "env", "GOVERSION")
	if err != nil {
		return "", err
	}
	fmt.Fprintln(hash, toolchain, giteaTags, linkerFlags, cFlags, runtime.GOOS, runtime.GOARCH)
	return filepath.Join(cache, "commit-status-hub", giteaBinary, hex.EncodeToString(hash.Sum(nil))[:16]), nil
}

// goCommand keeps the settings of whoever runs the tests, a workspace or the race
// detector, out of what it runs. SQLite is C.
func goCommand(ctx context.Context, dir string, progress io.Writer, args ...string) (string, error) {
	command := exec.CommandContext(ctx, "go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly", "CGO_ENABLED=1", "CGO_CFLAGS="+cFlags)
	var stderr bytes.Buffer
	command.Stderr = io.MultiWriter(&stderr, progress)
	out, err := command.Output()
	if err != nil {
		return "", fmt.Errorf("go %s: %w: %s", args[0], err, strings.TrimSpace(stderr.String()))
	}
	return strings.TrimSpace(string(out)), nil
}

// pinFolder is the folder of the module that pins Gitea.
func pinFolder() (string, error) {
	_, file, _, ok := runtime.Caller(0)
	places := []string{filepath.Join(filepath.Dir(file), "server")}
	if !ok || !filepath.IsAbs(file) { // Built with -trimpath: a test runs in its package's folder, and make at the top.
		here, err := os.Getwd()
		if err != nil {
			return "", err
		}
		places = []string{filepath.Join(here, "server"), filepath.Join(here, "test", "gitea", "server")}
	}
	for _, place := range places {
		if _, err := os.Stat(filepath.Join(place, "go.mod")); err == nil {
			return place, nil
		}
	}
	return "", fmt.Errorf("the module that pins Gitea was not found in %s", strings.Join(places, " or "))
}
