package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"time"
)

// version is what is rehearsed: before every real one.
const version = "v0.0.0-rehearsal.1"

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if name := filepath.Base(os.Args[0]); standIns[name] != nil {
		return standIn(ctx, name, os.Args[1:])
	}
	if err := rehearse(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "the rehearsal failed:", err)
		return 1
	}
	return 0
}

// rehearsal is one run.
type rehearsal struct {
	// root is the repository's folder; dir is one for this run, with dist and bin in it.
	root, dir string
	// registry is the host and port of the registry.
	registry string
}

func (r *rehearsal) dist() string { return filepath.Join(r.dir, "dist") }
func (r *rehearsal) bin() string  { return filepath.Join(r.dir, "bin") }

func rehearse(ctx context.Context) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "commit-status-hub-release-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	registry, stop, err := startRegistry(ctx)
	if err != nil {
		return err
	}
	defer stop()
	r := &rehearsal{root: root, dir: dir, registry: registry}
	for _, step := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"make a key, and stand in for what needs the network", r.prepare},
		{"make release", r.release},
		{"docs/verify.md", r.verify},
		{"refuse what was tampered with", r.spoil},
	} {
		fmt.Println("==", step.what)
		begun := time.Now()
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		fmt.Printf("   done in %s\n", time.Since(begun).Round(time.Second))
	}
	fmt.Println("the rehearsal succeeded; not rehearsed: GitHub's attestations of provenance, certificates and the public log of signatures, and the images' base")
	return nil
}

// prepare fills bin with the stand-ins, and makes the key.
func (r *rehearsal) prepare(ctx context.Context) error {
	if err := os.MkdirAll(r.bin(), 0o755); err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	for name := range standIns {
		if err := os.Symlink(self, filepath.Join(r.bin(), name)); err != nil {
			return err
		}
	}
	return r.makeKey(ctx)
}

// makeKey makes the key that this rehearsal signs with.
func (r *rehearsal) makeKey(ctx context.Context) error {
	cosign, err := tool(ctx, r.root, "cosign")
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, cosign, "generate-key-pair")
	command.Dir, command.Env = r.dir, r.environment()
	return quietly(command)
}

// environment tells stand-ins which rehearsal they are of.
func (r *rehearsal) environment() []string {
	return append(os.Environ(),
		"PATH="+r.bin()+string(os.PathListSeparator)+os.Getenv("PATH"),
		"COSIGN_PASSWORD=", // of the key
		// No credentials of the user are sent to the registry.
		"DOCKER_CONFIG="+r.dir, "HELM_REGISTRY_CONFIG="+filepath.Join(r.dir, "config.json"),
		rootVariable+"="+r.root, dirVariable+"="+r.dir,
	)
}

// release runs what a pushed tag runs.
func (r *rehearsal) release(ctx context.Context) error {
	changelog := filepath.Join(r.dir, "CHANGELOG.md")
	if err := rehearsedChangelog(filepath.Join(r.root, "CHANGELOG.md"), changelog); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "make", "release", "VERSION="+version, "DIST="+r.dist(),
		"REGISTRY="+r.registry+"/argoproj-labs", "COSIGN=cosign", "HELM=helm", "ORAS=oras")
	command.Dir = r.root
	command.Env = append(r.environment(), "CHANGELOG="+changelog, "KO_DEFAULTBASEIMAGE="+r.registry+"/base")
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}

// verify does what the page says, in an empty folder.
func (r *rehearsal) verify(ctx context.Context) error {
	text, err := os.ReadFile(filepath.Join(r.root, "docs", "verify.md"))
	if err != nil {
		return err
	}
	script, err := verification(string(text), version, r.registry)
	if err != nil {
		return err
	}
	if err := r.bash(ctx, "verify", script); err != nil {
		return err
	}
	return checkSBOM(filepath.Join(r.dir, "verify", "image.spdx.json"))
}

// bash runs a script in a folder of its own.
func (r *rehearsal) bash(ctx context.Context, folder, script string) error {
	dir := filepath.Join(r.dir, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "bash", "-euxo", "pipefail", "-c", script)
	command.Dir, command.Env = dir, r.environment()
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	return command.Run()
}

// quietly runs a command whose output is of interest only if it fails.
func quietly(command *exec.Cmd) error {
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(command.Path), err, output)
	}
	return nil
}
