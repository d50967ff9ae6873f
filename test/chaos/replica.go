package chaos

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/argoproj-labs/commit-status-hub/test/faults"
)

const (
	// again is how long after its end a replica is started again.
	again = 300 * time.Millisecond
	// stopLimit is how long a hub may take to end.
	stopLimit = 10 * time.Second
)

// replica is one of the hubs that compete for the lease. Whenever its process ends it is
// started again, as a kubelet would.
type replica struct {
	number int
	// gate is what it reaches the hub's API server through.
	gate *faults.Gate

	mu      sync.Mutex
	current *instance
}

// instance is one process of a replica.
type instance struct {
	replica *replica
	// name is what the API server knows it by: see lease.go.
	name             string
	command          *exec.Cmd
	metrics, profile string
	log              string
	ended            chan struct{}
}

// fleet are the replicas.
type fleet struct {
	program, dir string
	arguments    []string

	mu       sync.Mutex
	replicas []*replica
	// all are the instances that were ever started.
	all []*instance
}

// running are the instances that were not seen to end, by the ID of their process.
func (f *fleet) running() map[int]string {
	out := map[int]string{}
	for _, r := range f.list() {
		if i := r.now(); i != nil {
			out[i.id()] = i.name
		}
	}
	return out
}

// list are the replicas.
func (f *fleet) list() []*replica {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.replicas)
}

// add adds a replica that is yet to be run.
func (f *fleet) add(r *replica) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replicas = append(f.replicas, r)
}

func (r *replica) now() *instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

func (i *instance) id() int { return i.command.Process.Pid }

// signal does nothing to an instance that has ended.
func (i *instance) signal(s syscall.Signal) error { return i.command.Process.Signal(s) }

// run keeps a replica running until ctx ends.
func (f *fleet) run(ctx context.Context, r *replica) error {
	for ctx.Err() == nil {
		i, err := f.start(r)
		if err != nil {
			return err
		}
		select {
		case <-i.ended:
			// Not at once, as a kubelet would not.
			wait(ctx, again)
		case <-ctx.Done():
			i.end()
		}
	}
	return nil
}

// end asks an instance to end, and waits for that.
func (i *instance) end() {
	_ = i.signal(syscall.SIGCONT)
	_ = i.signal(syscall.SIGTERM)
	select {
	case <-i.ended:
	case <-time.After(stopLimit):
		_ = i.signal(syscall.SIGKILL)
		<-i.ended
	}
}

func (f *fleet) start(r *replica) (*instance, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := &instance{replica: r, name: fmt.Sprintf("hub-%d-%d", r.number, len(f.all)), ended: make(chan struct{})}
	var err error
	if i.metrics, err = freeAddress(); err != nil {
		return nil, err
	}
	if i.profile, err = freeAddress(); err != nil {
		return nil, err
	}
	i.log = filepath.Join(f.dir, i.name+".log")
	log, err := os.Create(i.log)
	if err != nil {
		return nil, fmt.Errorf("making the log of %s: %w", i.name, err)
	}
	defer func() { _ = log.Close() }()
	arguments := append([]string{
		"run", "--kubeconfig", filepath.Join(f.dir, fmt.Sprintf("kubeconfig-%d", r.number)),
		"--metrics-bind-address", i.metrics, "--pprof-bind-address", i.profile,
	}, f.arguments...)
	i.command = exec.Command(f.program, arguments...)
	// The name of the program becomes that of the client, to the API server.
	i.command.Args[0] = i.name
	i.command.Stdout, i.command.Stderr = log, log
	i.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := i.command.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", i.name, err)
	}
	f.all = append(f.all, i)
	r.mu.Lock()
	r.current = i
	r.mu.Unlock()
	go func() {
		defer close(i.ended)
		_ = i.command.Wait()
	}()
	return i, nil
}

// named is an instance, nil for a name that none has.
func (f *fleet) named(name string) *instance {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.all {
		if i.name == name {
			return i
		}
	}
	return nil
}

// alive reports whether an instance was not seen to end.
func (i *instance) alive() bool {
	select {
	case <-i.ended:
		return false
	default:
		return true
	}
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

// wait waits for a while, less if ctx ends.
func wait(ctx context.Context, while time.Duration) {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// until waits for something, and tells whether it came in time.
func until(ctx context.Context, limit time.Duration, done func() bool) bool {
	const poll = 50 * time.Millisecond
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		if done() {
			return true
		}
		if wait(ctx, poll); ctx.Err() != nil {
			return false
		}
	}
}
