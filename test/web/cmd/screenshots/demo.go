package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	fleet "github.com/argoproj-labs/commit-status-hub/hub/web"
)

const (
	// filling is how long the demo may take until its fleet is filled, once it is built.
	filling = 10 * time.Minute
	// filled is what it prints then.
	filled = "The fleet page has something wrong of each kind to show."
)

// demo is a running demo.
type demo struct {
	command *exec.Cmd
	dir     string
	// page is the address of its fleet page.
	page string
}

// startDemo builds the demo and returns once its fleet is filled.
func startDemo(ctx context.Context, root string) (*demo, error) {
	dir, err := os.MkdirTemp("", "screenshots-")
	if err != nil {
		return nil, fmt.Errorf("making a folder: %w", err)
	}
	program := filepath.Join(dir, "demo")
	build := exec.CommandContext(ctx, "go", "build", "-o", program, "./test/demo")
	build.Dir = root
	if output, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building the demo: %w: %s", err, output)
	}
	d := &demo{command: exec.Command(program, "--fleet"), dir: dir}
	d.command.Dir, d.command.Stderr = root, os.Stderr
	output, err := d.command.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("starting the demo: %w", err)
	}
	if err := d.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the demo: %w", err)
	}
	said := make(chan error, 1)
	go func() { said <- d.read(output) }()
	select {
	case err = <-said:
	case <-ctx.Done():
		err = ctx.Err()
	case <-time.After(filling):
		err = fmt.Errorf("the demo is not filled after %s", filling)
	}
	if err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// read returns once the demo says that its fleet is filled, and goes on reading what it prints.
func (d *demo) read(output io.Reader) error {
	address := regexp.MustCompile(`its fleet page .*(http://\S+)`)
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			d.page = found[1]
		}
		if strings.Contains(lines.Text(), filled) {
			go func() { _, _ = io.Copy(io.Discard, output) }()
			return nil
		}
	}
	return fmt.Errorf("the demo ended before its fleet was filled: %w", errors.Join(lines.Err(), io.EOF))
}

// stop ends the demo in good order.
func (d *demo) stop() error {
	_ = d.command.Process.Signal(syscall.SIGTERM)
	return errors.Join(d.command.Wait(), os.RemoveAll(d.dir))
}

// commit returns the commit that clusters report most about.
func (d *demo) commit() (out fleet.CommitPage, err error) {
	var found fleet.SearchPage
	if err := d.get("/search?q=unit-tests", &found); err != nil {
		return out, err
	}
	if len(found.Results) == 0 {
		return out, errors.New("the demo's commit is not found")
	}
	err = d.get(found.Results[0].Path, &out)
	return out, err
}

// busiestInstallation returns the page of the installation for which most waits.
func (d *demo) busiestInstallation() (path string, err error) {
	var overview fleet.Overview
	err = d.get("/", &overview)
	most := -1
	for _, i := range overview.Installations {
		if i.Queued > most {
			most, path = i.Queued, i.Path
		}
	}
	return path, err
}

// get reads what a page shows.
func (d *demo) get(path string, into any) error {
	response, err := (&http.Client{Timeout: patience}).Get(d.page + "/api/v1" + path)
	if err != nil {
		return fmt.Errorf("reading %s: %w", path, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("reading %s: %s", path, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
