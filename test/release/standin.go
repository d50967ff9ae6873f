package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	// rootVariable and dirVariable say to a stand-in where the repository and the rehearsal are.
	rootVariable = "RELEASE_REHEARSAL_ROOT"
	dirVariable  = "RELEASE_REHEARSAL_DIR"

	// identity and issuer are what a real release is signed as.
	identity = "https://github.com/argoproj-labs/commit-status-hub/.github/workflows/release.yml@refs/tags/" + version
	issuer   = "https://token.actions.githubusercontent.com"
	// downloads is the address of a real release's files.
	downloads = "https://github.com/argoproj-labs/commit-status-hub/releases/download/" + version + "/"
)

// standIns are what commands run in place of the programs of that name: each changes the
// arguments of the real one.
var standIns map[string]func(ctx context.Context, args []string) error

func init() {
	standIns = map[string]func(ctx context.Context, args []string) error{
		"cosign": func(ctx context.Context, args []string) error {
			changed, err := cosignArgs(args, os.Getenv(dirVariable))
			if err != nil {
				return err
			}
			return runTool(ctx, "cosign", changed)
		},
		"helm": func(ctx context.Context, args []string) error { return runTool(ctx, "helm", plainHTTP(args)) },
		"oras": func(ctx context.Context, args []string) error { return runTool(ctx, "oras", plainHTTP(args)) },
		"curl": func(_ context.Context, args []string) error {
			return download(args, filepath.Join(os.Getenv(dirVariable), "dist"))
		},
		"gh": func(_ context.Context, args []string) error {
			fmt.Println("   not rehearsed: gh", strings.Join(args, " "))
			return nil
		},
	}
}

// standIn runs a stand-in and returns its exit status.
func standIn(ctx context.Context, name string, args []string) int {
	err := standIns[name](ctx, args)
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		return exit.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, name+":", err)
		return 1
	}
	return 0
}

// cosignArgs puts the rehearsal's key in place of a workflow's certificate. Who verifies has to
// name the signer of a real release, or nothing is verified.
func cosignArgs(args []string, dir string) ([]string, error) {
	if len(args) == 0 {
		return nil, errors.New("no command")
	}
	key, public := filepath.Join(dir, "cosign.key"), filepath.Join(dir, "cosign.pub")
	signing := []string{"--key", key, "--use-signing-config=false", "--tlog-upload=false"}
	verifying := []string{"--key", public, "--insecure-ignore-tlog=true"}
	changed := []string{args[0]}
	switch args[0] {
	case "sign", "attest":
		changed = append(append(changed, signing...), "--allow-http-registry")
	case "sign-blob":
		changed = append(changed, signing...)
	case "verify", "verify-attestation":
		changed = append(append(changed, verifying...), "--allow-http-registry")
	case "verify-blob":
		changed = append(changed, verifying...)
	default:
		return nil, fmt.Errorf("a release does not use cosign %s", args[0])
	}
	rest := slices.Clone(args[1:])
	if !strings.HasPrefix(args[0], "verify") {
		return append(changed, rest...), nil
	}
	for flag, want := range map[string]string{"--certificate-identity": identity, "--certificate-oidc-issuer": issuer} {
		at := slices.Index(rest, flag)
		if at < 0 || at+1 == len(rest) || rest[at+1] != want {
			return nil, fmt.Errorf("cosign %s needs %s %s", args[0], flag, want)
		}
		rest = slices.Delete(rest, at, at+2)
	}
	return append(changed, rest...), nil
}

// plainHTTP has helm and oras speak with a registry on loopback.
func plainHTTP(args []string) []string {
	if slices.ContainsFunc([]string{"push", "pull", "resolve"}, func(verb string) bool { return len(args) > 0 && args[0] == verb }) {
		return append([]string{args[0], "--plain-http"}, args[1:]...)
	}
	return args
}

// download copies what curl would fetch: a file of the release, into the current folder.
func download(args []string, dist string) error {
	address := args[len(args)-1]
	file, found := strings.CutPrefix(address, downloads)
	if !found || strings.Contains(file, "/") || !slices.Equal(args[:len(args)-1], []string{"-fsSLO"}) {
		return fmt.Errorf("a release has nothing at curl %s", strings.Join(args, " "))
	}
	from, err := os.Open(filepath.Join(dist, file))
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	to, err := os.Create(file)
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}

// tool returns the path of a tool that is pinned in a module of its own.
func tool(ctx context.Context, root, name string) (string, error) {
	output, err := exec.CommandContext(ctx, "go", "-C", filepath.Join(root, "test", "tools", name), "tool", "-n", name).Output()
	if err != nil {
		return "", fmt.Errorf("building %s: %w", name, err)
	}
	return strings.TrimSpace(string(output)), nil
}

func runTool(ctx context.Context, name string, args []string) error {
	path, err := tool(ctx, os.Getenv(rootVariable), name)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, os.Stdout, os.Stderr
	return command.Run()
}
