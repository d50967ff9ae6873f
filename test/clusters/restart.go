package clusters

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"
)

const (
	// restartPoll is how often a program is asked whether it serves again, which takes
	// it some seconds, and restartLimit how long.
	restartPoll  = 50 * time.Millisecond
	restartLimit = time.Minute
)

// programs are those of a control plane that were started again. The first ones are
// envtest's.
type programs struct {
	mu      sync.Mutex
	started map[string]*exec.Cmd
}

// program is one that a control plane consists of: the one that was started with argument.
type program struct{ name, argument, health string }

func (c *Cluster) apiServer() program {
	at := c.environment.ControlPlane.GetAPIServer().SecureServing
	return program{"kube-apiserver", "--secure-port=" + at.Port, at.URL("https", "/readyz").String()}
}

func (c *Cluster) etcd() program {
	at := c.environment.ControlPlane.Etcd.URL
	return program{"etcd", "--listen-client-urls=" + at.String(), at.String() + "/health"}
}

// RestartAPIServer kills the API server and starts it again, at the same port and with
// the same data. It returns when it is ready. It needs Linux's /proc.
func (c *Cluster) RestartAPIServer(ctx context.Context) error {
	return c.restart(ctx, nothing, c.apiServer())
}

// RestartEtcd is RestartAPIServer for the store under it. The API server goes on.
func (c *Cluster) RestartEtcd(ctx context.Context) error {
	return c.restart(ctx, nothing, c.etcd())
}

// Backup copies what the control plane has stored to a folder that is not there yet, for
// Restore. etcd is off meanwhile.
func (c *Cluster) Backup(ctx context.Context, to string) error {
	return c.restart(ctx, func() error { return os.CopyFS(to, os.DirFS(c.environment.ControlPlane.Etcd.DataDir)) }, c.etcd())
}

// Restore has the control plane go on from a backup, as after the loss of its disks: what
// was stored since is gone, and resource versions go back. The API server is off meanwhile.
func (c *Cluster) Restore(ctx context.Context, from string) error {
	return c.restart(ctx, func() error {
		data := c.environment.ControlPlane.Etcd.DataDir
		if err := os.RemoveAll(data); err != nil {
			return err
		}
		return os.CopyFS(data, os.DirFS(from))
	}, c.etcd(), c.apiServer())
}

func nothing() error { return nil }

// restart ends programs, the last first, does what is to be done while they are off, and
// starts them again, the first first.
func (c *Cluster) restart(ctx context.Context, off func() error, all ...program) error {
	c.programs.mu.Lock()
	defer c.programs.mu.Unlock()
	arguments := map[string][]string{}
	for _, p := range slices.Backward(all) {
		var err error
		if arguments[p.name], err = c.programs.kill(p.name, p.argument); err != nil {
			return fmt.Errorf("ending %s: %w", p.name, err)
		}
	}
	if err := off(); err != nil {
		return err
	}
	for _, p := range all {
		again := exec.Command(arguments[p.name][0], arguments[p.name][1:]...)
		again.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		if err := again.Start(); err != nil {
			return fmt.Errorf("starting %s again: %w", p.name, err)
		}
		c.programs.started[p.name] = again
		if err := serves(ctx, p.health); err != nil {
			return err
		}
	}
	return nil
}

// kill ends a program and returns how it was started.
func (p *programs) kill(name, argument string) (arguments []string, err error) {
	if again := p.started[name]; again != nil {
		delete(p.started, name)
		_ = again.Process.Kill()
		_ = again.Wait()
		return again.Args, nil
	}
	id, arguments, err := childWith(name, argument)
	if err != nil {
		return nil, err
	}
	if err := syscall.Kill(id, syscall.SIGKILL); err != nil {
		return nil, err
	}
	// Whoever started it waits for it, and it is gone when its entry is.
	for gone := time.Now().Add(restartLimit); time.Now().Before(gone); <-time.After(restartPoll) {
		if _, err := os.Stat(processFile(id, "cmdline")); errors.Is(err, os.ErrNotExist) {
			return arguments, nil
		}
	}
	return nil, errors.New("it did not end")
}

// stop ends what was started again. envtest ends the others.
func (p *programs) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, name := range []string{"kube-apiserver", "etcd"} {
		if again := p.started[name]; again != nil {
			_ = again.Process.Kill()
			_ = again.Wait()
			delete(p.started, name)
		}
	}
}

// childWith finds the child of this process that runs a program with an argument.
func childWith(name, argument string) (id int, arguments []string, err error) {
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		return 0, nil, err
	}
	parent := []byte(fmt.Sprintf("\nPPid:\t%d\n", os.Getpid()))
	for _, file := range files {
		// Whatever has ended meanwhile is not it.
		text, _ := os.ReadFile(file)
		words := bytes.Split(bytes.TrimSuffix(text, []byte{0}), []byte{0})
		arguments = arguments[:0]
		for _, word := range words {
			arguments = append(arguments, string(word))
		}
		if filepath.Base(arguments[0]) != name || !slices.Contains(arguments, argument) {
			continue
		}
		if id, err = strconv.Atoi(filepath.Base(filepath.Dir(file))); err != nil {
			continue
		}
		if status, _ := os.ReadFile(processFile(id, "status")); bytes.Contains(status, parent) {
			return id, arguments, nil
		}
	}
	return 0, nil, fmt.Errorf("no %s with %s was started here", name, argument)
}

func processFile(id int, name string) string { return fmt.Sprintf("/proc/%d/%s", id, name) }

// serves waits until a program says that it is in good health.
func serves(ctx context.Context, health string) error {
	ctx, cancel := context.WithTimeout(ctx, restartLimit)
	defer cancel()
	asks := &http.Client{Timeout: time.Second, Transport: &http.Transport{
		DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, health, http.NoBody)
		if err != nil {
			return err
		}
		if answer, err := asks.Do(request); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w", health, ctx.Err())
		case <-time.After(restartPoll):
		}
	}
}
