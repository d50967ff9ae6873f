package gitea

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// startTime and stopTime are how long Gitea may take; both are seconds.
	startTime = 2 * time.Minute
	stopTime  = 20 * time.Second

	owner = "acme"
)

// Server is a running Gitea.
type Server struct {
	// Root is the address of its web pages, without a slash at its end.
	Root string

	program program
	folder  string
	// password is the owner's.
	password string
	process  *exec.Cmd
	// ended is closed once the process has ended.
	ended  chan struct{}
	output *bytes.Buffer
	http   *http.Client
	repos  atomic.Int64
	// sha is the commit that every repository has.
	sha string
}

// Start builds Gitea where it is missing, and starts one with its files in folder. The
// caller stops it.
func Start(ctx context.Context, folder string, progress io.Writer) (*Server, error) {
	p, err := built(ctx, progress)
	if err != nil {
		return nil, err
	}
	port, err := freePort()
	if err != nil {
		return nil, err
	}
	s := &Server{
		Root: fmt.Sprintf("http://127.0.0.1:%d", port), program: p, folder: folder,
		password: rand.Text(),
		ended:    make(chan struct{}), output: &bytes.Buffer{}, http: &http.Client{Timeout: 30 * time.Second},
	}
	if err := s.configure(port); err != nil {
		return nil, err
	}
	s.process = exec.Command(p.binary, "web", "--config", s.config())
	s.process.Stdout, s.process.Stderr = s.output, s.output
	s.process.Env = s.environment()
	if err := s.process.Start(); err != nil {
		return nil, fmt.Errorf("starting Gitea: %w", err)
	}
	go func() {
		// How it ended is in what it printed.
		_ = s.process.Wait()
		close(s.ended)
	}()
	for _, step := range []func(context.Context) error{s.awaitReady, s.addOwner, s.commit} {
		if err := step(ctx); err != nil {
			return nil, errors.Join(err, s.Stop())
		}
	}
	return s, nil
}

// Stop ends Gitea and waits until it has ended.
func (s *Server) Stop() error {
	s.http.CloseIdleConnections()
	_ = s.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
		return nil
	case <-time.After(stopTime):
		_ = s.process.Process.Kill()
		<-s.ended
		return errors.New("the process of Gitea had to be killed")
	}
}

func (s *Server) config() string { return filepath.Join(s.folder, "app.ini") }

// configure writes Gitea's settings.
func (s *Server) configure(port int) error {
	me, err := user.Current()
	if err != nil {
		return fmt.Errorf("finding out who runs this: %w", err)
	}
	text := fmt.Sprintf(settings, me.Username, s.folder, port, s.Root, s.program.module)
	if err := os.WriteFile(s.config(), []byte(text), 0o600); err != nil {
		return fmt.Errorf("writing Gitea's settings: %w", err)
	}
	return nil
}

// environment keeps the settings of whoever runs the tests out.
func (s *Server) environment() []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + s.folder, "USER=" + os.Getenv("USER"), "TMPDIR=" + s.folder,
		"GITEA_WORK_DIR=" + s.folder, "GIT_CONFIG_NOSYSTEM=1", "GIT_TERMINAL_PROMPT=0",
	}
}

// addOwner makes the first user, who needs one of Gitea's commands.
func (s *Server) addOwner(ctx context.Context) error {
	command := exec.CommandContext(ctx, s.program.binary, "admin", "user", "create", "--config", s.config(),
		"--username", owner, "--email", owner+"@example.com", "--password", s.password, "--must-change-password=false",
		"--admin")
	command.Env = s.environment()
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("gitea admin user create: %w: %s", err, out)
	}
	return nil
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := s.call(ctx, func(*http.Request) {}, http.MethodGet, "version", nil, nil); err == nil {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("ended while it started: %s", s.output)
		case <-ctx.Done():
			return fmt.Errorf("waiting for Gitea: %w", ctx.Err())
		case <-ticker.C:
		}
	}
}

func freePort() (int, error) {
	listener, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("finding a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	address, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		return 0, errors.New("finding a free port: it is no port of TCP")
	}
	return address.Port, nil
}
