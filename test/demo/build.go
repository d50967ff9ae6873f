package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/clusters"
)

// heartbeat is how often a build that takes long says that it goes on.
const heartbeat = 30 * time.Second

// programs are what the demo runs, and where.
type programs struct {
	// root is the project's folder.
	root string
	// dir is a folder for this run alone.
	dir string
	hub string
}

// build makes the programs that are not there yet: the control planes once and
// for all, the hub each time.
func build(ctx context.Context) (*programs, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return nil, fmt.Errorf("finding the project's folder: %w", err)
	}
	p := &programs{root: filepath.Dir(strings.TrimSpace(string(mod)))}
	err = patiently(ctx, "installing the control planes", func() error {
		_, err := clusters.Assets(ctx, brief{os.Stdout})
		return err
	})
	if err != nil {
		return nil, err
	}
	if p.dir, err = os.MkdirTemp("", "commit-status-demo-"); err != nil {
		return nil, fmt.Errorf("making a folder for the demo: %w", err)
	}
	p.hub = filepath.Join(p.dir, "commit-status-hub")
	command := exec.CommandContext(ctx, "go", "build", "-o", p.hub, "./cmd/commit-status-hub")
	command.Dir = p.root
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	fmt.Println("building the hub")
	if err := patiently(ctx, "building the hub", command.Run); err != nil {
		return nil, fmt.Errorf("building the hub: %w\n%s", err, output.String())
	}
	return p, nil
}

// remove deletes the folder, unless something went wrong: the hub's log is in it.
func (p *programs) remove(well bool) error {
	if !well {
		return os.Remove(p.hub)
	}
	return os.RemoveAll(p.dir)
}

// patiently says from time to time that a task is still being worked on.
func patiently(ctx context.Context, what string, task func() error) error {
	done := make(chan error, 1)
	go func() { done <- task() }()
	begun := time.Now()
	ticker := time.NewTicker(heartbeat)
	defer ticker.Stop()
	for {
		select {
		case err := <-done:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return err
		case now := <-ticker.C:
			fmt.Printf("still %s (%s)\n", what, now.Sub(begun).Round(time.Second))
		}
	}
}

// brief leaves out what the go command says of each module that it fetches.
type brief struct{ io.Writer }

func (b brief) Write(text []byte) (int, error) {
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("go: downloading ")) {
			continue
		}
		if _, err := b.Writer.Write(line); err != nil {
			return 0, err
		}
	}
	return len(text), nil
}
