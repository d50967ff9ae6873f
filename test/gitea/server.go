package gitea

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
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
	// Admin is a token of the administrator, who is called acme.
	Admin string

	program program
	folder  string
	process *exec.Cmd
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
		ended: make(chan struct{}), output: &bytes.Buffer{}, http: &http.Client{Timeout: 30 * time.Second},
	}
	if err := s.configure(port); err != nil {
		return nil, err
	}
	if _, err := s.command(ctx, "migrate"); err != nil {
		return nil, err
	}
	if s.Admin, err = s.AddUser(ctx, owner, "--admin", "--access-token-scopes", "all"); err != nil {
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
	if err := s.awaitReady(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	if err := s.commit(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
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

// command runs one of Gitea's commands.
func (s *Server) command(ctx context.Context, args ...string) (string, error) {
	command := exec.CommandContext(ctx, s.program.binary, append(args, "--config", s.config())...)
	command.Env = s.environment()
	out, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("gitea %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

// AddUser makes a user and returns an access token. args go to `gitea admin user
// create`.
func (s *Server) AddUser(ctx context.Context, name string, args ...string) (token string, err error) {
	out, err := s.command(ctx, append([]string{
		"admin", "user", "create", "--username", name, "--email", name + "@example.com", "--random-password",
		"--must-change-password=false", "--access-token",
	}, args...)...)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(out) {
		if _, after, ok := strings.Cut(line, "Access token was successfully created... "); ok {
			return strings.TrimSpace(after), nil
		}
	}
	return "", fmt.Errorf("gitea admin user create tells no token: %s", out)
}

func (s *Server) awaitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := s.Call(ctx, s.Admin, http.MethodGet, "version", nil, nil); err == nil {
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

// Call makes a request of the API, not by the provider, as whoever's token it is. in is
// sent and out is read, each unless it is nil.
func (s *Server) Call(ctx context.Context, token, method, path string, in, out any) error {
	body := &bytes.Buffer{}
	if in != nil {
		if err := json.NewEncoder(body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, s.Root+"/api/v1/"+path, body)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "token "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, text)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
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
