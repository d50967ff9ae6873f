package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// stopTimeout is how long a hub may take to end when it is asked to.
const stopTimeout = 10 * time.Second

// process is a running hub.
type process struct {
	command *exec.Cmd
	log     string
	ended   chan struct{}
	// err may be read once ended is closed.
	err error
}

// startProcess starts a program with its output appended to the file log. It is
// in a process group of its own: Ctrl-C reaches the demo alone, which then ends
// what it started in good order.
func startProcess(log, program string, args ...string) (*process, error) {
	file, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the hub's log: %w", err)
	}
	defer func() { _ = file.Close() }()
	p := &process{command: exec.Command(program, args...), log: log, ended: make(chan struct{})}
	p.command.Stdout, p.command.Stderr = file, file
	p.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.command.Start(); err != nil {
		return nil, fmt.Errorf("starting the hub: %w", err)
	}
	go func() {
		defer close(p.ended)
		p.err = p.command.Wait()
	}()
	return p, nil
}

func (p *process) pid() int { return p.command.Process.Pid }

// stop asks the process to end and waits for it. One that is over is none to
// complain about again.
func (p *process) stop() error {
	if p.over() {
		return nil
	}
	_ = p.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
		if p.err != nil {
			return fmt.Errorf("the hub ended with %w; its log is %s", p.err, p.log)
		}
		return nil
	case <-time.After(stopTimeout):
		_ = p.command.Process.Kill()
		<-p.ended
		return fmt.Errorf("the hub did not end within %s and was killed; its log is %s", stopTimeout, p.log)
	}
}

// alive returns an error once the process has ended, with its last words.
func (p *process) alive() error {
	if !p.over() {
		return nil
	}
	return fmt.Errorf("the hub ended by itself (%v): %s; its log is %s", p.command.ProcessState, p.lastLine(), p.log)
}

func (p *process) over() bool { return isDone(p.ended) }

func (p *process) lastLine() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(lines[len(lines)-1])
}
