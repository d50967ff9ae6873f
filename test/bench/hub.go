package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// stopLimit is how long a hub may take to end.
	stopLimit = 10 * time.Second
	// poll is how often the hub's metrics are read while something is waited for, at
	// first. What takes long is read as often as a hundredth of that.
	poll, pollPart = 250 * time.Millisecond, 100
)

// scraper reads metrics. Having them compressed would cost the hub more than it saves.
var scraper = &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{DisableCompression: true}}

// buildHub builds the program, and returns what removes it.
func buildHub(ctx context.Context) (program string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "commit-status-bench-")
	if err != nil {
		return "", nil, fmt.Errorf("making a folder: %w", err)
	}
	program = filepath.Join(dir, "commit-status-hub")
	output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./cmd/commit-status-hub").CombinedOutput()
	if err != nil {
		return "", nil, fmt.Errorf("building the hub: %w\n%s", err, output)
	}
	return program, func() { _ = os.RemoveAll(dir) }, nil
}

// hubProcess is a running hub.
type hubProcess struct {
	command *exec.Cmd
	metrics string
	// profiles is where its profiles are, and page where its fleet page is.
	profiles, page string
	ended          chan struct{}
}

// startHub starts a hub on the world's hub cluster. Its log is in the file hub.log beside
// the program.
func (w *world) startHub() error {
	address, err := freeAddress()
	if err != nil {
		return err
	}
	profiles, err := freeAddress()
	if err != nil {
		return err
	}
	page, err := freeAddress()
	if err != nil {
		return err
	}
	dir := filepath.Dir(w.program)
	kubeconfig := filepath.Join(dir, "kubeconfig")
	if err := os.WriteFile(kubeconfig, w.hubCluster.Kubeconfig(), 0o600); err != nil {
		return fmt.Errorf("writing the hub's kubeconfig: %w", err)
	}
	log, err := os.OpenFile(filepath.Join(dir, "hub.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the hub's log: %w", err)
	}
	defer func() { _ = log.Close() }()
	h := &hubProcess{metrics: "http://" + address + "/metrics", profiles: "http://" + profiles + "/debug/pprof/", page: "http://" + page, ended: make(chan struct{})}
	h.command = exec.Command(w.program, "run", "--kubeconfig", kubeconfig, "--namespace", namespace, "--local-cluster=false",
		"--metrics-secure=false", "--metrics-bind-address", address, "--health-probe-bind-address=0", "--zap-log-level=error",
		"--pprof-bind-address", profiles, "--web-bind-address", page)
	h.command.Stdout, h.command.Stderr = log, log
	h.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := h.command.Start(); err != nil {
		return fmt.Errorf("starting the hub: %w", err)
	}
	go func() {
		defer close(h.ended)
		_ = h.command.Wait()
	}()
	w.hub = h
	return nil
}

// freeAddress is one of loopback at which nothing listens.
func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("finding a port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}

// stopHub asks the hub to end, and waits for that.
func (w *world) stopHub() {
	if w.hub == nil {
		return
	}
	_ = w.hub.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-w.hub.ended:
	case <-time.After(stopLimit):
		_ = w.hub.command.Process.Kill()
		<-w.hub.ended
	}
	w.hub = nil
}

// rss is the hub's resident memory in bytes, as the kernel tells it.
func (h *hubProcess) rss() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", h.command.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("reading the hub's memory: %w", err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kib * 1024, err
		}
	}
	return 0, fmt.Errorf("the kernel does not tell the hub's memory")
}

// metric is the sum of all samples of a metric whose line contains all of these words.
func (h *hubProcess) metric(ctx context.Context, name string, words ...string) (float64, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, h.metrics, nil)
	if err != nil {
		return 0, err
	}
	answer, err := scraper.Do(request)
	if err != nil {
		return 0, fmt.Errorf("reading the hub's metrics: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	sum := 0.
	lines := bufio.NewScanner(answer.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if sample := lines.Text(); fits(sample, name, words) {
			value, err := strconv.ParseFloat(sample[strings.LastIndexByte(sample, ' ')+1:], 64)
			if err != nil {
				return 0, fmt.Errorf("reading %s: %w", sample, err)
			}
			sum += value
		}
	}
	return sum, lines.Err()
}

func fits(sample, name string, words []string) bool {
	rest, ok := strings.CutPrefix(sample, name)
	if !ok || rest == "" || rest[0] != '{' && rest[0] != ' ' {
		return false
	}
	for _, word := range words {
		if !strings.Contains(rest, word) {
			return false
		}
	}
	return true
}

// reaches waits until a metric is at least so much.
func (h *hubProcess) reaches(ctx context.Context, least float64, name string, words ...string) error {
	return until(ctx, func() (bool, error) {
		select {
		case <-h.ended:
			return false, fmt.Errorf("the hub has ended: %s", h.command.ProcessState)
		default:
		}
		value, err := h.metric(ctx, name, words...)
		// Until it listens nothing answers.
		return err == nil && value >= least, nil
	})
}

// rest leaves a hub alone for a while.
func (w *world) rest(ctx context.Context, while time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-w.hub.ended:
		return fmt.Errorf("the hub has ended: %s", w.hub.command.ProcessState)
	case <-time.After(while):
		return nil
	}
}

// until waits for something, for half an hour at most.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Minute)
	defer cancel()
	begin := time.Now()
	for {
		if ok, err := done(); ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting: %w", ctx.Err())
		case <-time.After(max(poll, time.Since(begin)/pollPart)):
		}
	}
}
